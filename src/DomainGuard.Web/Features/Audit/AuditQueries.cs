using System.Globalization;
using System.Security.Cryptography;
using DomainGuard.Core.Audit;
using DomainGuard.Data;
using DomainGuard.Data.Audit;
using DomainGuard.Data.Paging;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Audit;

/// <summary>What the history is narrowed to.</summary>
public sealed record AuditFilter
{
    /// <summary>From this moment (UTC).</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>Before this moment (UTC).</summary>
    public DateTimeOffset? To { get; init; }

    /// <summary>Kind of actor.</summary>
    public AuditActorKind? Kind { get; init; }

    /// <summary>Which one of that kind.</summary>
    public string? ActorId { get; init; }

    /// <summary>Staff who have this role today.</summary>
    public string? Role { get; init; }

    public AuditAction? Action { get; init; }

    /// <summary>A-label.</summary>
    public string? Domain { get; init; }

    /// <summary>The platform's id of an account.</summary>
    public string? Account { get; init; }

    public long? Case { get; init; }

    public string? Reason { get; init; }

    public bool IsEmpty => this == new AuditFilter();

    /// <summary>Nothing but a span of time: what it leaves is whole, entry after entry.</summary>
    public bool IsSpan => this with { From = null, To = null } == new AuditFilter();
}

/// <summary>A row of the history.</summary>
public sealed record AuditRow(
    Guid Id, long? Sequence, DateTimeOffset At, AuditActorKind ActorKind, string ActorId, string? ActorFrom, AuditAction Action, long? AccountId, string? DomainName, long? CaseId, long? ScanId,
    int? PolicyVersion, string? Subject, string? Reason, string? After)
{
    /// <summary>As the URL names it: its number, or its key while it has none.</summary>
    public string Key => Sequence?.ToString(CultureInfo.InvariantCulture) ?? Id.ToString("D");
}

/// <summary>Names that belong to a page of entries; joined here, because the trail itself holds none.</summary>
public sealed record AuditNames(IReadOnlyDictionary<string, string> Staff, IReadOnlyDictionary<long, AccountName> Accounts)
{
    /// <summary>What keys of the API are called.</summary>
    public IReadOnlyDictionary<string, string> Keys { get; init; } = new Dictionary<string, string>();

    /// <summary>What receivers of events are called.</summary>
    public IReadOnlyDictionary<string, string> Receivers { get; init; } = new Dictionary<string, string>();
}

/// <summary>An account as the screen names it.</summary>
public sealed record AccountName(string ExternalId, string Name);

/// <summary>A page of the history.</summary>
/// <param name="Unsealed">Matching entries that have no number yet; on the first page only.</param>
/// <param name="Rows">Sealed ones.</param>
/// <param name="Names">Their names.</param>
internal sealed record AuditPageRows(IReadOnlyList<AuditRow> Unsealed, KeysetPage<AuditRow> Rows, AuditNames Names);

/// <summary>A sealed entry with the hash of the one before it; empty when that is missing.</summary>
internal sealed record SealedEntry(AuditEntry Entry, byte[] Previous);

/// <summary>One entry, with its place in the chain looked at anew.</summary>
/// <param name="Entry">It.</param>
/// <param name="Previous">Hash of the entry before; null when it is unsealed or that one is missing.</param>
/// <param name="IsContentGood">Its content is what its hash says.</param>
/// <param name="IsLinkGood">It follows from the entry before.</param>
/// <param name="Same">The latest other entries of the same case, account or domain.</param>
/// <param name="Names">Names.</param>
public sealed record AuditDetails(AuditEntry Entry, byte[]? Previous, bool IsContentGood, bool IsLinkGood, IReadOnlyList<AuditRow> Same, AuditNames Names);

/// <summary>How many entries match, and which.</summary>
internal sealed record AuditSpan(long Count, long First, long Last);

/// <summary>A member of staff whom the history can be narrowed to.</summary>
internal sealed record AuditPerson(Guid Id, string Name);

/// <summary>Reads the history. Sealed entries are listed by time and number, from an index per filter; the few unsealed ones from theirs.</summary>
internal sealed class AuditQueries(IDbContextFactory<GuardDb> dbs)
{
    internal const int MostCounted = 10_000;
    private const int MostUnsealed = 50;
    private const int MostSame = 5;

    private static readonly System.Linq.Expressions.Expression<Func<AuditEntry, AuditRow>> Row = e => new AuditRow(
        e.Id, e.Sequence, e.At, e.ActorKind, e.ActorId, e.ActorFrom, e.Action, e.AccountId, e.DomainName, e.CaseId, e.ScanId, e.PolicyVersion, e.Subject, e.Reason, e.After);

    /// <summary>The entries that a filter leaves, sealed or not, unordered.</summary>
    public static async Task<IQueryable<AuditEntry>> MatchingAsync(GuardDb db, AuditFilter filter, CancellationToken cancel)
    {
        var entries = db.AuditEntries.AsNoTracking();
        entries = filter.From is { } from ? entries.Where(e => e.At >= from) : entries;
        entries = filter.To is { } to ? entries.Where(e => e.At < to) : entries;
        entries = filter.Kind is { } kind ? entries.Where(e => e.ActorKind == kind) : entries;
        entries = filter.ActorId is { } actor ? entries.Where(e => e.ActorId == actor) : entries;
        entries = filter.Action is { } action ? entries.Where(e => e.Action == action) : entries;
        entries = filter.Domain is { } domain ? entries.Where(e => e.DomainName == domain) : entries;
        entries = filter.Case is { } number ? entries.Where(e => e.CaseId == number) : entries;
        entries = filter.Reason is { } reason ? entries.Where(e => e.Reason == reason) : entries;
        if (filter.Account is { } account)
        {
            var id = await db.Accounts.Where(a => a.ExternalId == account).Select(a => (long?)a.Id).FirstOrDefaultAsync(cancel) ?? -1;
            entries = entries.Where(e => e.AccountId == id);
        }

        if (filter.Role is { } role)
        {
            var ids = await db.UserRoles.Where(r => db.Roles.Any(x => x.Id == r.RoleId && x.Name == role)).Select(r => r.UserId).ToListAsync(cancel);
            var actors = ids.Select(i => i.ToString("D")).ToArray();
            entries = entries.Where(e => e.ActorKind == AuditActorKind.Staff && EF.Parameter(actors).Contains(e.ActorId));
        }

        return entries;
    }

    public async Task<AuditPageRows> ListAsync(AuditFilter filter, ListPosition position, int size, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var matching = await MatchingAsync(db, filter, cancel);
        var rows = await Keyset.PageAsync(matching.Where(e => e.Sequence != null), e => e.At, e => e.Sequence!.Value, true, position, size, Row, r => (r.At, r.Sequence!.Value), cancel);
        IReadOnlyList<AuditRow> unsealed = position is { After: null, Before: null }
            ? await matching.Where(e => e.Sequence == null).OrderByDescending(e => e.At).ThenByDescending(e => e.Id).Take(MostUnsealed).Select(Row).ToListAsync(cancel)
            : [];
        return new AuditPageRows(unsealed, rows, await NamesAsync(db, [.. unsealed, .. rows.Items], cancel));
    }

    /// <summary>Sealed entries whole, newest first, each with the hash of the one before it in the chain.</summary>
    public async Task<KeysetPage<SealedEntry>> EntriesAsync(AuditFilter filter, ListPosition position, int size, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var matching = await MatchingAsync(db, filter, cancel);
        var page = await Keyset.PageAsync(matching.Where(e => e.Sequence != null), e => e.At, e => e.Sequence!.Value, true, position, size, e => e, e => (e.At, e.Sequence!.Value), cancel);
        var before = page.Items.Select(e => e.Sequence - 1).ToArray();
        var hashes = await db.AuditEntries.AsNoTracking().Where(e => EF.Parameter(before).Contains(e.Sequence)).Select(e => new { e.Sequence, e.Hash }).ToDictionaryAsync(e => e.Sequence!.Value, e => e.Hash, cancel);
        return new KeysetPage<SealedEntry>(
            [.. page.Items.Select(e => new SealedEntry(e, e.Sequence == 1 ? AuditChain.Genesis.ToArray() : hashes.GetValueOrDefault(e.Sequence!.Value - 1) ?? []))], page.Previous, page.Next);
    }

    /// <summary>How many match, counted up to 10,001.</summary>
    public async Task<int> CountAsync(AuditFilter filter, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        return await (await MatchingAsync(db, filter, cancel)).Where(e => e.Sequence != null).Select(e => e.At).Take(MostCounted + 1).CountAsync(cancel);
    }

    /// <summary>How many sealed ones match exactly, and the first and last of them.</summary>
    public async Task<AuditSpan> SpanAsync(AuditFilter filter, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        return await SpanAsync(db, filter, cancel);
    }

    internal static async Task<AuditSpan> SpanAsync(GuardDb db, AuditFilter filter, CancellationToken cancel)
    {
        var sealedOnes = (await MatchingAsync(db, filter, cancel)).Where(e => e.Sequence != null);
        var span = await sealedOnes.GroupBy(_ => 1).Select(g => new { Count = g.LongCount(), First = g.Min(e => e.Sequence), Last = g.Max(e => e.Sequence) }).SingleOrDefaultAsync(cancel);
        if (span is not { First: { } first, Last: { } last })
        {
            return new AuditSpan(0, 0, 0);
        }

        // A span of time means all numbers between its first and its last: an entry that was committed late lies among its neighbours, whatever its time.
        return new AuditSpan(filter.IsSpan ? last - first + 1 : span.Count, first, last);
    }

    /// <summary>One entry by its number, or by its key while it has none.</summary>
    public async Task<AuditDetails?> GetAsync(string key, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var entries = db.AuditEntries.AsNoTracking();
        var entry = long.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out var sequence) ? await entries.FirstOrDefaultAsync(e => e.Sequence == sequence, cancel)
            : Guid.TryParse(key, out var id) ? await entries.FirstOrDefaultAsync(e => e.Id == id, cancel)
            : null;
        if (entry is null)
        {
            return null;
        }

        var previous = entry.Sequence == 1 ? AuditChain.Genesis.ToArray()
            : entry.Sequence is { } n ? await entries.Where(e => e.Sequence == n - 1).Select(e => e.Hash).FirstOrDefaultAsync(cancel)
            : null;
        var form = new CanonicalJsonWriter();
        AuditTrail.WriteCanonical(form, entry);
        var isContentGood = SHA256.HashData(form.Written).AsSpan().SequenceEqual(entry.ContentHash);
        var isLinkGood = previous is not null && AuditChain.Hash(entry.Sequence!.Value, previous, entry.ContentHash).AsSpan().SequenceEqual(entry.Hash);
        var related = entry.CaseId is { } c ? entries.Where(e => e.CaseId == c)
            : entry.AccountId is { } a ? entries.Where(e => e.AccountId == a)
            : entry.DomainName is { } d ? entries.Where(e => e.DomainName == d)
            : entry.ScanId is { } s ? entries.Where(e => e.ScanId == s && (e.Action == AuditAction.ScanStarted || e.Action == AuditAction.ScanControlled || e.Action == AuditAction.ScanEnded))
            : null;
        List<AuditRow> same = related is null ? []
            : await related.Where(e => e.Sequence != null && e.Id != entry.Id).OrderByDescending(e => e.At).ThenByDescending(e => e.Sequence).Take(MostSame).Select(Row).ToListAsync(cancel);
        var self = new AuditRow(
            entry.Id, entry.Sequence, entry.At, entry.ActorKind, entry.ActorId, entry.ActorFrom, entry.Action, entry.AccountId, entry.DomainName, entry.CaseId, entry.ScanId, entry.PolicyVersion,
            entry.Subject, entry.Reason, entry.After);
        return new AuditDetails(entry, previous, isContentGood, isLinkGood, same, await NamesAsync(db, [self, .. same], cancel));
    }

    /// <summary>Staff by name, for the filter.</summary>
    public async Task<IReadOnlyList<AuditPerson>> PeopleAsync(CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        return await db.Users.AsNoTracking().OrderBy(u => u.DisplayName).ThenBy(u => u.Id).Take(200).Select(u => new AuditPerson(u.Id, u.DisplayName)).ToListAsync(cancel);
    }

    /// <summary>The latest checkpoint; null when there is none.</summary>
    public async Task<AuditCheckpoint?> LatestCheckpointAsync(CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        return await db.AuditCheckpoints.AsNoTracking().OrderByDescending(c => c.At).ThenByDescending(c => c.Sequence).FirstOrDefaultAsync(cancel);
    }

    private static async Task<AuditNames> NamesAsync(GuardDb db, IReadOnlyList<AuditRow> rows, CancellationToken cancel)
    {
        var people = rows.Where(r => r.ActorKind == AuditActorKind.Staff).Select(r => r.ActorId)
            .Concat(rows.Select(r => r.Subject).Where(s => s?.StartsWith("staff ", StringComparison.Ordinal) == true).Select(s => s![6..]))
            .Select(i => Guid.TryParse(i, out var id) ? id : Guid.Empty).Where(i => i != Guid.Empty).Distinct().ToArray();
        var accounts = rows.Select(r => r.AccountId).OfType<long>().Distinct().ToArray();
        var staff = people.Length == 0 ? [] : await db.Users.AsNoTracking().Where(u => EF.Parameter(people).Contains(u.Id)).ToDictionaryAsync(u => u.Id.ToString("D"), u => u.DisplayName, cancel);
        var named = accounts.Length == 0 ? []
            : await db.Accounts.AsNoTracking().Where(a => EF.Parameter(accounts).Contains(a.Id)).ToDictionaryAsync(a => a.Id, a => new AccountName(a.ExternalId, a.UserName ?? a.ExternalId), cancel);
        var ids = rows.Where(r => r.ActorKind == AuditActorKind.Key).Select(r => r.ActorId)
            .Concat(rows.Select(r => r.Subject).Where(s => s?.StartsWith("key ", StringComparison.Ordinal) == true).Select(s => s![4..]))
            .Select(i => Guid.TryParse(i, out var id) ? id : Guid.Empty).Where(i => i != Guid.Empty).Distinct().ToArray();
        var keys = ids.Length == 0 ? [] : await db.ApiKeys.AsNoTracking().Where(k => EF.Parameter(ids).Contains(k.Id)).ToDictionaryAsync(k => k.Id.ToString("D"), k => k.Name, cancel);
        var receivers = rows.Select(r => r.Subject).Where(s => s?.StartsWith("webhook ", StringComparison.Ordinal) == true)
            .Select(s => Guid.TryParse(s![8..], out var id) ? id : Guid.Empty).Where(i => i != Guid.Empty).Distinct().ToArray();
        var listening = receivers.Length == 0 ? [] : await db.WebhookEndpoints.AsNoTracking().Where(e => EF.Parameter(receivers).Contains(e.Id)).ToDictionaryAsync(e => e.Id.ToString("D"), e => e.Name, cancel);
        return new AuditNames(staff, named) { Keys = keys, Receivers = listening };
    }
}
