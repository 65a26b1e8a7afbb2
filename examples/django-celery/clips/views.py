"""The requests of customers."""

from __future__ import annotations

import json
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_GET, require_POST

from .models import Clip
from .tasks import submit


@require_POST
def create(request: HttpRequest) -> JsonResponse:
    """Order a clip."""
    try:
        body = json.loads(request.body)
        clip = Clip(audio=body["audio"], video=body["video"])
        clip.full_clean()
    except (ValueError, KeyError, TypeError, ValidationError):
        return JsonResponse({"error": "Send the URLs `audio` and `video`."}, status=400)
    with transaction.atomic():
        clip.save()
        # Not before the clip is in the database, where the worker looks for it.
        transaction.on_commit(lambda: submit.delay(str(clip.pk)))
    return JsonResponse({"id": str(clip.pk)}, status=202)


@require_GET
def show(_: HttpRequest, clip_id: UUID) -> JsonResponse:
    """Return the state of a clip."""
    clip = Clip.objects.filter(pk=clip_id).values().first()
    if clip is None:
        return JsonResponse({"error": "There is no such clip."}, status=404)
    return JsonResponse(clip)
