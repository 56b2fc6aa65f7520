using System.Globalization;
using DomainGuard.Core.Cases;
using DomainGuard.Core.Events;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Mails;
using DomainGuard.Data.Webhooks;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Hosting;
using DomainGuard.Web.Shared;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace DomainGuard.Web.Features.Notifications;

/// <summary>
/// Makes of the news that a member of staff was not told one mail, when it is time: a minute's or a day's. What a case is, and so whether he wants it, is asked then: a mail says what stands. The
/// mail is written in the transaction that moves how far he was told, so that of two nodes one makes it.
/// </summary>
internal sealed class MakeMails(IDbContextFactory<GuardDb> dbs, IOptions<MailOptions> mail, IOptions<DomainGuardOptions> options, GuardClock clock, TimeProvider time)
{
    /// <summary>Cases, and notes for administrators, that a mail lists.</summary>
    internal const int MostListed = 20;

    /// <summary>Does it for everybody.</summary>
    /// <returns>How many mails were made.</returns>
    public async Task<int> ExecuteAsync(CancellationToken cancel)
    {
        if (!mail.Value.IsOn)
        {
            return 0;
        }

        await using var db = await dbs.CreateDbContextAsync(cancel);
        var head = await db.EventHeads.AsNoTracking().Where(h => h.Id == EventHead.Mail).Select(h => h.Sequence).SingleAsync(cancel);
        var behind = db.MailChoices.Where(c => db.MailNews.Any(n => n.Sequence > c.ToldUpTo && n.Sequence <= head));

        // Who is locked, has no role or wants nothing is passed over, so that he is not told it all when that ends.
        await behind.Where(c => c.From == null || c.Address == null || !db.Users.Any(u => u.Id == c.UserId && u.LockoutEnd == null && db.UserRoles.Any(r => r.UserId == u.Id)))
            .ExecuteUpdateAsync(s => s.SetProperty(c => c.ToldUpTo, head), cancel);
        var readers = await behind.AsNoTracking()
            .Where(c => c.From != null && c.Address != null && db.Users.Any(u => u.Id == c.UserId && u.LockoutEnd == null && db.UserRoles.Any(r => r.UserId == u.Id)))
            .OrderBy(c => c.UserId)
            .Select(c => new Reader(c.UserId, c.From!.Value, c.IsDaily, c.ToldUpTo, c.ToldAt, db.UserRoles.Any(r => r.UserId == c.UserId && db.Roles.Any(x => x.Id == r.RoleId && x.Name == Roles.Administrator))))
            .ToListAsync(cancel);
        var made = 0;
        foreach (var reader in readers)
        {
            made += await MakeAsync(db, reader, head, cancel) ? 1 : 0;
        }

        return made;
    }

    private async Task<bool> MakeAsync(GuardDb db, Reader reader, long head, CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        var until = reader.IsDaily ? MailRules.Digest(now) : now;
        if (reader.IsDaily ? reader.ToldAt >= until : reader.ToldAt + MailRules.Between > now)
        {
            return false;
        }

        var news = db.MailNews.AsNoTracking().Where(n => n.Sequence > reader.ToldUpTo && n.Sequence <= head && n.ReadAt <= until);
        var wanted = news.Where(n => (n.CaseId == null && reader.IsAdministrator) || (n.CaseId != null && db.Cases.Any(c => c.Id == n.CaseId && c.Severity >= reader.From)));
        var last = await news.OrderByDescending(n => n.Sequence).Select(n => (long?)n.Sequence).FirstOrDefaultAsync(cancel) ?? reader.ToldUpTo;
        var first = await wanted.OrderBy(n => n.Sequence).Select(n => (DateTimeOffset?)n.ReadAt).FirstOrDefaultAsync(cancel);
        if (first is { } oldest && !reader.IsDaily && MailRules.AtOnce(oldest, reader.ToldAt) > now)
        {
            return false;
        }

        var told = first is null ? null : await ListAsync(db, reader, news.Where(n => n.Sequence <= last), wanted.Where(n => n.Sequence <= last), cancel);
        if (told is null or { IsEmpty: true })
        {
            // A digest without news is over for the day; at once, the next news may come at any moment.
            await MoveAsync(db, reader, last, reader.IsDaily ? now : reader.ToldAt, cancel);
            return false;
        }

        var words = MailText.Of(told, options.Value.PublicUrl, clock.Now);
        await using var transaction = await db.Database.BeginTransactionAsync(cancel);
        if (await MoveAsync(db, reader, last, now, cancel) != 1)
        {
            return false; // another node was first
        }

        db.Mails.Add(New(reader.UserId, words, now));
        await db.SaveChangesAsync(cancel);
        await transaction.CommitAsync(cancel);
        db.ChangeTracker.Clear();
        return true;
    }

    /// <summary>A mail that is about to be sent.</summary>
    internal static Mail New(Guid userId, MailWords words, DateTimeOffset now) =>
        new() { Id = Guid.CreateVersion7(now), UserId = userId, Subject = words.Subject, Text = words.Text, Html = words.Html, NextTryAt = now, CreatedAt = now };

    private static Task<int> MoveAsync(GuardDb db, Reader reader, long upTo, DateTimeOffset? at, CancellationToken cancel) =>
        db.MailChoices.Where(c => c.UserId == reader.UserId && c.ToldUpTo == reader.ToldUpTo)
            .ExecuteUpdateAsync(s => s.SetProperty(c => c.ToldUpTo, upTo).SetProperty(c => c.ToldAt, at), cancel);

    private static async Task<MailedNews> ListAsync(GuardDb db, Reader reader, IQueryable<MailNews> news, IQueryable<MailNews> wanted, CancellationToken cancel)
    {
        var ids = wanted.Where(n => n.CaseId != null).Select(n => n.CaseId!.Value);
        var cases = db.Cases.AsNoTracking().Where(c => ids.Contains(c.Id));
        var counts = await cases.GroupBy(c => c.Severity).Select(g => new { g.Key, Count = g.Count() }).ToDictionaryAsync(g => g.Key, g => g.Count, cancel);
        var worst = await cases.OrderByDescending(c => c.Severity).ThenByDescending(c => c.Points).ThenBy(c => c.Id)
            .Take(MostListed)
            .Select(c => new MailedCase(c.Id, c.Severity, c.Domain!.Name, c.AccountId == null ? null : c.Account!.ExternalId, c.Phase, c.State, c.Domain.DropFrom, c.Domain.DropTo))
            .ToListAsync(cancel);
        var listed = worst.ConvertAll(c => c.Id).ToArray();
        var what = await news.Where(n => n.CaseId != null && EF.Parameter(listed).Contains(n.CaseId.Value)).Select(n => new { n.CaseId, n.Kind }).Distinct().ToListAsync(cancel);
        var notes = wanted.Where(n => n.CaseId == null);
        return new MailedNews
        {
            Counts = counts,
            Cases = worst,
            What = what.ToLookup(w => w.CaseId!.Value, w => w.Kind),
            NoteCounts = await notes.GroupBy(n => n.Kind).Select(g => new { g.Key, Count = g.Count() }).ToDictionaryAsync(g => g.Key, g => g.Count, cancel),
            Notes = await NotesAsync(db, await notes.OrderByDescending(n => n.Sequence).Take(MostListed).ToListAsync(cancel), cancel),
            From = reader.From,
            IsDaily = reader.IsDaily,
        };
    }

    private static async Task<IReadOnlyList<MailedNote>> NotesAsync(GuardDb db, List<MailNews> notes, CancellationToken cancel)
    {
        var numbers = notes.Select(n => n.Number).OfType<long>().Distinct().ToList();
        var keys = notes.Select(n => n.ReceiverId).OfType<Guid>().Distinct().ToList();
        var batches = await db.Batches.AsNoTracking().Where(b => numbers.Contains(b.Id)).ToDictionaryAsync(b => b.Id, b => b.Count, cancel);
        var scans = await db.Scans.AsNoTracking().Where(s => numbers.Contains(s.Id)).ToDictionaryAsync(s => s.Id, s => Words.Of(s.Scope, s.Target), cancel);
        var receivers = await db.WebhookEndpoints.AsNoTracking().Where(e => keys.Contains(e.Id)).ToDictionaryAsync(e => e.Id, e => e.Name, cancel);
        return notes.ConvertAll(n =>
        {
            var number = n.Number?.ToString(CultureInfo.InvariantCulture);
            return n.Kind switch
            {
                NewsKind.BatchBraked => new MailedNote($"Batch {number}: {Words.Count(batches.GetValueOrDefault(n.Number ?? 0), "un-verification")} behind the brake, for an administrator to decide", $"/batches/{number}"),
                NewsKind.ScanVoid => new MailedNote($"Scan {number} ({MailText.Plain(scans.GetValueOrDefault(n.Number ?? 0, "removed"))}) was void: too few answers, nothing was changed", $"/scans/{number}"),
                _ => new MailedNote($"Receiver {MailText.Plain(receivers.GetValueOrDefault(n.ReceiverId ?? Guid.Empty, "(removed)"))} was switched off: it is told nothing more", $"/webhooks/{n.ReceiverId:D}"),
            };
        });
    }

    private sealed record Reader(Guid UserId, Severity From, bool IsDaily, long ToldUpTo, DateTimeOffset? ToldAt, bool IsAdministrator);
}
