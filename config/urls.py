"""Where each address of the server leads. The addresses of the API itself are `sync.api.urls`."""

from django.contrib import admin
from django.urls import include, path

from sync.api.health import healthz

handler400 = "sync.api.problems.handler400"
handler403 = "sync.api.problems.handler403"
handler404 = "sync.api.problems.handler404"
handler500 = "sync.api.problems.handler500"

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("admin/", admin.site.urls),
    path("api/", include("sync.api.urls")),
]
