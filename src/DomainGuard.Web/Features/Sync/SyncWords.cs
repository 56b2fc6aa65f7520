using System.Globalization;
using DomainGuard.Data.Imports;
using DomainGuard.Web.Features.Imports;

namespace DomainGuard.Web.Features.Sync;

/// <summary>The words of the page of syncs.</summary>
internal static class SyncWords
{
    /// <summary>Where a run stands.</summary>
    public static string Of(Import import) => import.Status switch
    {
        ImportStatus.Staging => "Being read",
        ImportStatus.Compared => import.IsDryRun ? "Dry run" : import.Problem is null ? "Read, not yet written" : "Refused, waits for you",
        ImportStatus.Merging => "Being written",
        ImportStatus.Completed => "Written",
        _ => "Nothing written",
    };
}

/// <summary>What a row of a preview would be taken as, in the words of a file.</summary>
internal static class SqlPreviewText
{
    /// <summary>The value of a column as it would be kept; null for a row that is rejected, and where there is none.</summary>
    public static string? Taken(ImportItem item, string column) => item is not ImportGood { Address: { } address, Account: var account } ? null : column.Trim().ToLowerInvariant() switch
    {
        "account_id" => account.ExternalId,
        "user_name" => account.UserName,
        "display_name" => account.DisplayName,
        "email" => address.Email.Text,
        "primary" => Of(address.IsPrimary),
        "verified_at" => Of(address.VerifiedAt),
        "created_at" => Of(account.CreatedAt),
        "last_seen_at" => Of(account.LastSeenAt),
        "two_factor" => Of(account.TwoFactor),
        "privileged" => Of(account.Privileged),
        "projects" => Of(account.Projects),
        "monthly_downloads" => Of(account.MonthlyDownloads),
        _ => null,
    };

    private static string? Of(bool? flag) => flag switch { true => "true", false => "false", _ => null };

    private static string? Of(long? number) => number?.ToString(CultureInfo.InvariantCulture);

    private static string? Of(DateTimeOffset? at) => at?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture);
}
