using DomainGuard.Data;
using DomainGuard.Data.Mails;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Notifications;

/// <summary>Lets go of news after a week and of mails after 30 days. News in steps, so that SQLite's writer is never held for long.</summary>
internal sealed class DropOldMails(IDbContextFactory<GuardDb> dbs, TimeProvider time)
{
    /// <summary>How long news are kept: longer than any mail waits for its day.</summary>
    internal static readonly TimeSpan NewsKept = TimeSpan.FromDays(7);

    /// <summary>How long mails are kept.</summary>
    internal static readonly TimeSpan MailsKept = TimeSpan.FromDays(30);

    private const int Step = 2_000;

    /// <summary>Does it; safe to repeat and to interrupt.</summary>
    public async Task ExecuteAsync(CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        var (newsBefore, mailsBefore) = (now - NewsKept, now - MailsKept);
        await using var db = await dbs.CreateDbContextAsync(cancel);
        int gone;
        do
        {
            var old = await db.MailNews.Where(n => n.ReadAt < newsBefore).OrderBy(n => n.Sequence).Take(Step).Select(n => n.Sequence).ToArrayAsync(cancel);
            gone = await db.MailNews.Where(n => EF.Parameter(old).Contains(n.Sequence)).ExecuteDeleteAsync(cancel);
        }
        while (gone == Step);

        await db.Mails.Where(m => m.CreatedAt < mailsBefore && m.State != MailState.Waiting).ExecuteDeleteAsync(cancel);
    }
}
