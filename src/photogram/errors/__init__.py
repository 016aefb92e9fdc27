"""Every exception that Photogram raises.

```
PhotogramError
├── UserError         something you can fix by changing the call
│   ├── EmptyPrompt, BadParams, BadSettings, UnknownModel, BadReference
│   ├── MissingKey, KeyringFailed
│   ├── InsufficientCoins, CapExceeded
│   └── NotYours, NotFound, NotReady, QueryRefused, WaitTimeout
├── StoreError        the workspace could not be used
│   ├── StoreBusy, StoreForked, StoreClosed, StorageFailed (FileMissing)
│   └── SchemaTooNew, QueryInterrupted
└── ProviderError     what happened to one image, as its row remembers it
    ├── BadRequest, AuthFailed, OutOfCredit, Refused, RateLimited
    ├── Unreachable, RemoteFailed, BadResponse, Expired, DeadlineExceeded
    ├── UnknownProvider, StorageFull
    └── InternalFailure, Lost
```

An exception states facts (on attributes) and the next step. Whether anything is tried again is never decided here but
in `engine/retry.py`.
"""

from __future__ import annotations

from .base import PhotogramError
from .provider import (
    BY_KIND,
    AuthFailed,
    BadRequest,
    BadResponse,
    DeadlineExceeded,
    Expired,
    InternalFailure,
    Lost,
    OutOfCredit,
    ProviderError,
    RateLimited,
    Refused,
    RemoteFailed,
    StorageFull,
    UnknownProvider,
    Unreachable,
)
from .store import (
    FileMissing,
    QueryInterrupted,
    SchemaTooNew,
    StorageFailed,
    StoreBusy,
    StoreClosed,
    StoreError,
    StoreForked,
)
from .user import (
    BadParams,
    BadReference,
    BadSettings,
    CapExceeded,
    EmptyPrompt,
    InsufficientCoins,
    KeyringFailed,
    MissingKey,
    NotFound,
    NotReady,
    NotYours,
    QueryRefused,
    UnknownModel,
    UserError,
    WaitTimeout,
)

__all__ = [
    "BY_KIND",
    "AuthFailed",
    "BadParams",
    "BadReference",
    "BadRequest",
    "BadResponse",
    "BadSettings",
    "CapExceeded",
    "DeadlineExceeded",
    "EmptyPrompt",
    "Expired",
    "FileMissing",
    "InsufficientCoins",
    "InternalFailure",
    "KeyringFailed",
    "Lost",
    "MissingKey",
    "NotFound",
    "NotReady",
    "NotYours",
    "OutOfCredit",
    "PhotogramError",
    "ProviderError",
    "QueryInterrupted",
    "QueryRefused",
    "RateLimited",
    "Refused",
    "RemoteFailed",
    "SchemaTooNew",
    "StorageFailed",
    "StorageFull",
    "StoreBusy",
    "StoreClosed",
    "StoreError",
    "StoreForked",
    "UnknownModel",
    "UnknownProvider",
    "Unreachable",
    "UserError",
    "WaitTimeout",
]
