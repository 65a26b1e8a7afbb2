"""The paths of the service."""

from clips import views
from django.urls import path

urlpatterns = [
    path("clips", views.create),
    path("clips/<uuid:clip_id>", views.show),
]
