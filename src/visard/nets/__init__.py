"""Networks (torch only), one architecture a file: train/ teaches them, models/ runs what they learnt."""
