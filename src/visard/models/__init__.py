"""The store room: name -> checked file, and thin runtimes that load it."""
