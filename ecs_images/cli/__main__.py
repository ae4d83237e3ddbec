"""`python -m ecs_images.cli` is `ecs-images`."""

from .app import main

main()
