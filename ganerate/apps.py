from django.apps import AppConfig


class GanerateConfig(AppConfig):
    """Wiring: no models, only the commands that need every room."""

    name = "ganerate"
    verbose_name = "GANerate"
