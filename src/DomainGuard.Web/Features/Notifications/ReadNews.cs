using System.Globalization;
using System.Text.Json;
using DomainGuard.Core.Audit;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Audit;
using DomainGuard.Data.Mails;
using DomainGuard.Data.Providers;
using DomainGuard.Data.Scans;
using DomainGuard.Data.Webhooks;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace DomainGuard.Web.Features.Notifications;

/// <summary>
/// Picks what staff are told out of the audit trail, whose entries are written with the change and numbered without gaps: the trail is the outbox. In pages, each one transaction that also
/// moves the head: a process that dies leaves a whole page or none, and of two nodes one writes and the other begins anew. While nobody wants mail the head moves on alone, so that who
/// begins to want it is not told last year's news.
/// </summary>
internal sealed class ReadNews(IDbContextFactory<GuardDb> dbs, IOptions<MailOptions> options, TimeProvider time)
{
    internal const int Page = 2_000;

    private static readonly AuditAction[] Told =
    [
        AuditAction.CaseOpened, AuditAction.CaseReopened, AuditAction.AddressUnverified, AuditAction.VerificationContested, AuditAction.GateDenied, AuditAction.BatchBraked, AuditAction.ScanEnded,
        AuditAction.WebhookChanged,
    ];

    /// <summary>Does it until nothing is left.</summary>
    /// <returns>How many news there are.</returns>
    public async Task<int> ExecuteAsync(CancellationToken cancel)
    {
        await using var session = await StatementSession.OpenAsync(dbs, cancel);
        var news = 0;
        while (await PageAsync(session, cancel) is { } made)
        {
            news += made;
        }

        return news;
    }

    /// <summary>One page: how many news; null when there is nothing to do, or another node does it.</summary>
    private async Task<int?> PageAsync(StatementSession session, CancellationToken cancel)
    {
        var db = session.Db;
        var from = await db.EventHeads.AsNoTracking().Where(h => h.Id == EventHead.Mail).Select(h => h.Sequence).SingleAsync(cancel);
        var head = await db.AuditHeads.AsNoTracking().Where(h => h.Id == AuditHead.TheOne).Select(h => h.Sequence).FirstOrDefaultAsync(cancel);
        if (from >= head)
        {
            return null;
        }

        var isHeard = options.Value.IsOn && await db.MailChoices.AnyAsync(c => c.From != null && c.Address != null, cancel);
        var upTo = isHeard ? Math.Min(head, from + Page) : head;
        var news = isHeard ? await OfTrailAsync(db, from, upTo, cancel) : [];
        await session.BeginAsync(cancel);
        try
        {
            if (await session.ExecuteAsync(WebhookSql.MoveHead, [upTo, from, EventHead.Mail], cancel) != 1)
            {
                return null; // another node was first: its turn
            }

            await session.InsertAsync(MailSql.News, news, cancel);
            await session.CommitAsync(cancel);
            return news.Count;
        }
        finally
        {
            await session.RollbackAsync();
        }
    }

    private async Task<List<object?[]>> OfTrailAsync(GuardDb db, long after, long upTo, CancellationToken cancel)
    {
        var entries = await db.AuditEntries.AsNoTracking()
            .Where(e => e.Sequence > after && e.Sequence <= upTo && Told.Contains(e.Action))
            .OrderBy(e => e.Sequence)
            .Select(e => new Entry(e.Sequence!.Value, e.Action, e.ActorKind, e.ActorId, e.CaseId, e.DomainName, e.ScanId, e.Subject, e.Before, e.After))
            .ToListAsync(cancel);

        // Contested below a case of the whole domain: the entry names none, for the case did not move.
        var names = entries.Where(e => e is { Action: AuditAction.VerificationContested, CaseId: null, DomainName: not null }).Select(e => e.DomainName!).Distinct().ToList();
        var whole = names.Count == 0 ? [] : await db.Cases.AsNoTracking().Where(c => c.AddressId == null && names.Contains(c.Domain!.Name)).ToDictionaryAsync(c => c.Domain!.Name, c => c.Id, cancel);
        var now = time.GetUtcNow();
        var seen = new HashSet<(NewsKind, long)>();
        List<object?[]> news = [];
        foreach (var entry in entries)
        {
            var caseId = entry.CaseId ?? (entry.DomainName is { } name && whole.TryGetValue(name, out var id) ? id : (long?)null);
            if (KindOf(entry, caseId) is not { } kind)
            {
                continue;
            }

            if (kind >= NewsKind.BatchBraked)
            {
                news.Add([entry.Sequence, kind, null, kind == NewsKind.ScanVoid ? entry.ScanId : NumberOf(entry.Subject), kind == NewsKind.ReceiverOff ? KeyOf(entry.Subject) : null, now]);
            }
            else if (seen.Add((kind, caseId!.Value)))
            {
                news.Add([entry.Sequence, kind, caseId, null, null, now]); // who knocks a thousand times knocks
            }
        }

        return news;
    }

    private static NewsKind? KindOf(Entry entry, long? caseId) => entry.Action switch
    {
        AuditAction.BatchBraked => NewsKind.BatchBraked,
        AuditAction.ScanEnded => Text(entry.After, "result") == nameof(ScanResult.Void) && Text(entry.After, "status") == nameof(ScanStatus.Completed) ? NewsKind.ScanVoid : null,
        AuditAction.WebhookChanged => entry is { ActorKind: AuditActorKind.System, ActorId: "webhooks" } ? NewsKind.ReceiverOff : null,
        _ when caseId is null => null,
        AuditAction.CaseOpened => NewsKind.CaseOpened,
        AuditAction.CaseReopened => NewsKind.CaseReopened,
        AuditAction.VerificationContested => NewsKind.Contested,
        AuditAction.GateDenied => NewsKind.GateDenied,
        // Un-verified by the policy is a step of the address's own case; below the case of a whole domain, which was told already, the entry names no state.
        _ => Text(entry.After, "state") is null ? null : Text(entry.Before, "state") is null ? NewsKind.CaseOpened : NewsKind.CaseReopened,
    };

    private static string? Text(string? json, string field)
    {
        if (json is null)
        {
            return null;
        }

        using var document = JsonDocument.Parse(json);
        return document.RootElement.TryGetProperty(field, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
    }

    // "batch 31"
    private static long? NumberOf(string? subject) => long.TryParse(AfterSpace(subject), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    // "webhook 0198..."
    private static Guid? KeyOf(string? subject) => Guid.TryParse(AfterSpace(subject), out var key) ? key : null;

    private static string? AfterSpace(string? subject) => subject?[(subject.IndexOf(' ', StringComparison.Ordinal) + 1)..];

    private sealed record Entry(
        long Sequence, AuditAction Action, AuditActorKind ActorKind, string ActorId, long? CaseId, string? DomainName, long? ScanId, string? Subject, string? Before, string? After);
}
