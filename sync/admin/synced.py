"""SyncedModelAdmin: the admin page of a table that offline clients write too.

A person in the admin is one more writer among many: their form says which version it was made from, only the
columns they touched are written, and a delete leaves a tombstone, refused while living rows refer to it.
Versions are the database trigger's (`sync.triggers`). Not here: rules of a domain, or our own tables.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import ProtectedError, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from sync.models import SyncedModel

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[SyncedModel]
    _ModelForm = forms.ModelForm[SyncedModel]
else:
    _ModelAdmin = admin.ModelAdmin
    _ModelForm = forms.ModelForm

BOOKKEEPING = ("id", "version", "created_at", "updated_at", "deleted_at", "write_id")


class LivingFilter(admin.SimpleListFilter):
    """Living rows unless asked otherwise; tombstones stay within reach."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The choices beside the default."""
        return [("deleted", "Deleted"), ("all", "All")]

    def choices(self, changelist: Any) -> Iterator[Any]:
        """Django calls the default "All"; here it is the living."""
        for choice in super().choices(changelist):
            is_default = choice["query_string"] == changelist.get_query_string(remove=[self.parameter_name])
            yield {**choice, "display": "Living"} if is_default else choice

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Rows in the chosen state."""
        match self.value():
            case "all":
                return queryset
            case "deleted":
                return queryset.filter(deleted_at__isnull=False)
            case _:
                return queryset.filter(deleted_at=None)


class TextAsTyped(forms.CharField):
    """Text that comes back as it was unless somebody types: browsers send line ends as CRLF."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "strip": False})

    def to_python(self, value: Any) -> Any:
        """The text with line ends as they are stored; nothing but spaces is nothing."""
        text = super().to_python(value)
        if not isinstance(text, str):
            return text
        return text.replace("\r\n", "\n") if text.strip() else self.empty_value


class SyncedModelForm(_ModelForm):
    """A form that knows which version of the row it shows."""

    base_version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if kwargs.get("instance") is not None:  # a row that exists
            self.fields["base_version"].initial = self.instance.version

    def clean(self) -> dict[str, Any] | None:
        """Errors: ValidationError when somebody wrote the row while this form was open."""
        cleaned = super().clean()
        shown = self.cleaned_data.get("base_version")
        if shown is not None and shown != self.instance.version:
            raise ValidationError(
                f"Somebody changed this row while you edited it: it was version {shown} and is version "
                f"{self.instance.version} now. Open it again and repeat your change.",
                code="stale_version",
            )
        return cleaned

    def validate_unique(self) -> None:
        """Also constraints over columns that are not in the form, which Django leaves out.

        `deleted_at` is in every condition and in no form: a taken value would be an error page.
        """
        super().validate_unique()
        if self.errors:
            return
        try:
            self.instance.validate_constraints()
        except ValidationError as error:
            self.add_error(None, error)


class SyncedModelAdmin(_ModelAdmin):
    """Base of the admin pages of synced tables. A subclass names its own `fields` and lists."""

    form = SyncedModelForm
    list_filter: ClassVar[Any] = (LivingFilter,)
    show_full_result_count = False
    formfield_overrides = {
        models.CharField: {"form_class": TextAsTyped},
        models.TextField: {
            "form_class": TextAsTyped,
            "widget": forms.Textarea(attrs={"rows": 3, "cols": 60}),
        },
    }

    # -- what a page shows ---------------------------------------------------------------------------------

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """The bookkeeping, which nobody types."""
        return (*super().get_readonly_fields(request, obj), *BOOKKEEPING)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """The columns, and below them the bookkeeping of a row that exists."""
        if obj is None:
            return [(None, {"fields": self.fields})]
        hidden = ("base_version",) if self.has_change_permission(request, obj) else ()
        return [
            (None, {"fields": (*(self.fields or ()), *hidden)}),
            ("Bookkeeping", {"fields": BOOKKEEPING, "classes": ("collapse",)}),
        ]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Empty optional text is null, as on the wire; Django knows that of CharField only."""
        if isinstance(db_field, models.TextField) and db_field.null:
            kwargs["empty_value"] = None
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """An id finds its row; a field that offers rows to refer to offers living ones."""
        if request.resolver_match is not None and request.resolver_match.url_name == "autocomplete":
            queryset = queryset.filter(deleted_at=None)
        try:
            return queryset.filter(pk=UUID(search_term.strip())), False
        except ValueError:
            return super().get_search_results(request, queryset, search_term)

    # -- what a person may do ------------------------------------------------------------------------------

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A tombstone can be looked at."""
        return not _is_deleted(obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A tombstone is deleted already."""
        return not _is_deleted(obj) and super().has_delete_permission(request, obj)

    # -- writing -------------------------------------------------------------------------------------------

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """While a form is being saved its row is locked, so that the version it was checked against stays."""
        found = super().get_object(request, object_id, from_field)
        if found is None or request.method != "POST":
            return found
        rows = self.get_queryset(request).select_for_update(of=("self",), no_key=True)
        return rows.filter(pk=found.pk).first()

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's
        """Write what was changed in the form and nothing else: other columns belong to other writers."""
        if not change:
            super().save_model(request, obj, form, change)
            return
        columns = {field.name for field in self.opts.concrete_fields}
        if touched := [name for name in form.changed_data if name in columns]:
            obj.save(update_fields=touched)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Leave a tombstone. Errors: ProtectedError when a child has appeared since the page was shown."""
        self.delete_queryset(request, self.get_queryset(request).filter(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Leave tombstones. The full lock keeps children from appearing between the look and the write."""
        with transaction.atomic():
            list(queryset.order_by("pk").select_for_update(of=("self",)).values_list("pk"))
            super().delete_queryset(request, queryset)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Ask first. A child that appeared after the question is a message, not an error page."""
        try:
            return super().delete_view(request, object_id, extra_context)
        except ProtectedError as error:
            children = ", ".join(sorted(str(child) for child in error.protected_objects))
            self.message_user(request, f"Not deleted: living rows refer to it: {children}.", messages.ERROR)
            page = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
            return redirect(reverse(page, args=(object_id,)))


def _is_deleted(obj: Any) -> bool:
    return isinstance(obj, SyncedModel) and obj.is_deleted
