"""OpenAI's image models on Azure: the same protocol below a user's own address, with Azure's own way to refuse.

A model's id is the name of the user's deployment. Source: learn.microsoft.com, azure/ai-services/openai/how-to/dall-e
(path, `api-key`, content filter) and rest/api/azureopenai (header, edits as a form), read 2026-11-23 as public copies.
Not verified against the service: the v1 path for images, and which of the error's spellings a deployment uses; all that
were found are read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar
from urllib.parse import urlsplit

from ..domain.request import GenerationRequest
from ..errors import BadResponse, ProviderError, Refused
from .openai import OPENAI_CODES, OpenAI
from .wire import Access, WireAnswer, WireRequest


class Azure(OpenAI):
    """`{endpoint}/openai/v1/images/…` with the header `api-key`."""

    name = "azure"
    base_url = ""
    base_url_variables = ("AZURE_OPENAI_ENDPOINT",)
    key_variables = ("AZURE_OPENAI_API_KEY", "AZURE_API_KEY")
    auth = ("api-key", "")
    codes: ClassVar[Mapping[str, type[ProviderError]]] = {
        **OPENAI_CODES,
        "content_filter": Refused,
        "contentFilter": Refused,
        "ResponsibleAIPolicyViolation": Refused,
    }

    def root(self, access: Access) -> str:
        """Returns the v1 surface of an endpoint; an address that has a path already is left as it is."""
        return access.base_url if urlsplit(access.base_url).path.strip("/") else f"{access.base_url}/openai/v1"

    def build_edit(self, request: GenerationRequest, body: dict[str, Any], access: Access) -> WireRequest:
        """Sends the references as files of a form."""
        return self.build_form(request, body, access)

    def read_error(self, answer: WireAnswer) -> ProviderError:
        """Reads an error; a refusal also says what the content filter found."""
        error = super().read_error(answer)
        if isinstance(error, Refused) and (found := ", ".join(read_filtered(answer))):
            return Refused(
                f"{error.message.rstrip('.')} ({found}).", detail=error.detail, request_id=error.request_id
            )  # fmt: skip
        return error


def read_filtered(answer: WireAnswer) -> Iterator[str]:
    """Yields what the content filter objected to: "violence: medium"."""
    try:
        body: Any = answer.json()
    except BadResponse:
        return
    for name in ("error", ("innererror", "inner_error"), ("content_filter_results", "content_filter_result")):
        names = (name,) if isinstance(name, str) else name
        found = [body[one] for one in names if isinstance(body, Mapping) and isinstance(body.get(one), Mapping)]
        body = found[0] if found else {}
    for category, result in body.items():
        if isinstance(result, Mapping) and result.get("filtered"):
            yield ": ".join(str(part) for part in (category, result.get("severity")) if part)
