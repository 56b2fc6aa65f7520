using System.Globalization;
using System.Text.Json;
using DomainGuard.Core.Domains;
using DomainGuard.Core.Events;
using DomainGuard.Data.Audit;

namespace DomainGuard.Data.Webhooks;

/// <summary>Makes notices: as a row of <see cref="WebhookSql.InsertNotice"/>, or as an entity.</summary>
public static class Notices
{
    /// <summary>A domain stands elsewhere in its life.</summary>
    /// <param name="domain">As it was.</param>
    /// <param name="verdict">What is found now.</param>
    /// <param name="scan">By which scan; null for none.</param>
    /// <param name="at">When (UTC).</param>
    public static object?[] PhaseChanged(Domains.Domain domain, Verdict verdict, long? scan, DateTimeOffset at)
    {
        ArgumentNullException.ThrowIfNull(domain);
        ArgumentNullException.ThrowIfNull(verdict);
        return Row(EventType.DomainPhaseChanged, domain.Id, null, at, new
        {
            from = domain.Phase.ToString(),
            to = verdict.Phase.ToString(),
            confidence = verdict.Confidence.ToString(),
            flags = Enum.GetValues<DomainFlags>().Where(f => f != 0 && verdict.Flags.HasFlag(f)).Select(f => f.ToString()),
            scanId = scan,
        });
    }

    /// <summary>A term ends soon.</summary>
    /// <param name="domainId">The domain.</param>
    /// <param name="expiresAt">When (UTC).</param>
    /// <param name="days">The warning: 30, 14 or 3 days before.</param>
    /// <param name="at">When that was found (UTC).</param>
    public static object?[] Expiring(long domainId, DateTimeOffset expiresAt, int days, DateTimeOffset at) =>
        Row(EventType.DomainExpiring, domainId, null, at, new { expiresAt = Text(expiresAt), warning = days, daysLeft = (int)Math.Floor((expiresAt - at).TotalDays) });

    /// <summary>What is concluded of a change of hands is worse or surer for an address.</summary>
    public static object?[] HandsChanged(long domainId, long addressId, HandChange from, HandChange to, Confidence confidence, DateTimeOffset at) =>
        Row(EventType.AddressHandsChanged, domainId, addressId, at, new { from = from.ToString(), handChange = to.ToString(), handConfidence = confidence.ToString() });

    /// <summary>A checkpoint was made.</summary>
    public static Notice Checkpoint(AuditCheckpoint checkpoint)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        return new Notice
        {
            Id = Guid.CreateVersion7(checkpoint.At),
            Type = EventType.AuditCheckpoint,
            At = checkpoint.At,
            Facts = JsonSerializer.Serialize(new { sequence = checkpoint.Sequence, hash = Convert.ToHexStringLower(checkpoint.Hash), count = checkpoint.Count, keyId = checkpoint.KeyId, token = checkpoint.Token }),
        };
    }

    private static object?[] Row(EventType type, long domainId, long? addressId, DateTimeOffset at, object facts) =>
        [Guid.CreateVersion7(at), type, at, domainId, addressId, JsonSerializer.Serialize(facts)];

    private static string Text(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'", CultureInfo.InvariantCulture);
}
