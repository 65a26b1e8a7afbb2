"""The Django project. Celery is loaded with it, so that tasks find their app."""

from .celery import app as celery_app

__all__ = ["celery_app"]
