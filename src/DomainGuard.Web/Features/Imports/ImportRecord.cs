using DomainGuard.Core.Addresses;
using DomainGuard.Data.Accounts;

namespace DomainGuard.Web.Features.Imports;

/// <summary>What one line says of an account.</summary>
internal sealed record AccountFacts
{
    public required string ExternalId { get; init; }

    public string? UserName { get; init; }

    public string? DisplayName { get; init; }

    public DateTimeOffset? CreatedAt { get; init; }

    public DateTimeOffset? LastSeenAt { get; init; }

    public bool? TwoFactor { get; init; }

    public bool? Privileged { get; init; }

    public long? Projects { get; init; }

    public long? MonthlyDownloads { get; init; }
}

/// <summary>One address of an account; null for an account that has none.</summary>
internal sealed record AddressFacts(EmailAddress Email, bool IsPrimary, DateTimeOffset? VerifiedAt, ClaimProof Proof = ClaimProof.None);

/// <summary>What a reader gives: a good row, or a rejection.</summary>
/// <param name="Line">Line in the file, from 1.</param>
internal abstract record ImportItem(int Line);

/// <summary>A good row.</summary>
internal sealed record ImportGood(int Line, AccountFacts Account, AddressFacts? Address) : ImportItem(Line);

/// <summary>A rejected row: which field, what is wrong, how to mend it. Never repeats an address.</summary>
/// <param name="ExternalId">The account, where it could be told: it is not gone, although its row is bad.</param>
internal sealed record ImportBad(int Line, string Field, string Reason, string? ExternalId = null) : ImportItem(Line);

/// <summary>The file as a whole cannot be read; the message says why and what to do.</summary>
internal sealed class ImportUnreadableException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>Formats of a file.</summary>
internal static class ImportFormat
{
    public const string Csv = "csv";
    public const string Ndjson = "ndjson";

    /// <summary>No file: rows of a query.</summary>
    public const string Sql = "sql";

    /// <summary>By the name of the file; null when it does not tell.</summary>
    public static string? OfFile(string name) => Path.GetExtension(name).ToUpperInvariant() switch
    {
        ".CSV" => Csv,
        ".NDJSON" or ".JSONL" or ".JSON" => Ndjson,
        _ => null,
    };
}
