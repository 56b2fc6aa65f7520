using System.Globalization;
using DomainGuard.Core.Audit;
using DomainGuard.Data.Audit;
using DomainGuard.Data.Imports;

namespace DomainGuard.Web.Features.Imports;

/// <summary>What the audit trail says of imports.</summary>
internal static class ImportFacts
{
    /// <summary>The import as the subject of an entry.</summary>
    public static string Subject(long importId) => string.Create(CultureInfo.InvariantCulture, $"import {importId}");

    /// <summary>It was taken in.</summary>
    public static AuditFact Merged(Import import, DateTimeOffset at) =>
        new(AuditAction.ImportMerged, new AuditActor(import.ActorKind, import.ActorId ?? "import", import.ActorFrom), at)
        {
            Subject = Subject(import.Id),
            Changes =
            [
                ("new", null, import.NewAccounts), ("changed", null, import.ChangedAccounts), ("unchanged", null, import.UnchangedAccounts), ("gone", null, import.GoneAccounts),
                ("rejected", null, import.Rejected), ("partial", null, import.IsPartial), ("keepGood", null, import.KeepGood), ("allowRemovals", null, import.AllowRemovals),
            ],
        };
}
