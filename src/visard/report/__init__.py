"""What a run says about itself: JSON for programs, a page for people."""
