"""torch.export: nothing is exported."""

from __future__ import annotations

from .absent import absent, refusing

NO_EXPORT = "tinytorch exports no graphs; save the state_dict of the module"
Dim, ExportedProgram = absent(NO_EXPORT, "Dim", "ExportedProgram")
export, load, save = refusing(NO_EXPORT, "torch.export.export", "torch.export.load", "torch.export.save")
