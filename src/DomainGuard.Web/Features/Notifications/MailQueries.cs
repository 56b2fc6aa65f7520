using DomainGuard.Core.Cases;
using DomainGuard.Data;
using DomainGuard.Data.Mails;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace DomainGuard.Web.Features.Notifications;

/// <summary>What became of a mail.</summary>
public sealed record MailFate(string Subject, MailState State, DateTimeOffset CreatedAt, DateTimeOffset? TriedAt, DateTimeOffset NextTryAt, string? Error);

/// <summary>The mail of one member of staff.</summary>
/// <param name="IsOn">The installation sends mail.</param>
/// <param name="Address">Where to.</param>
/// <param name="From">From which severity; null for none.</param>
/// <param name="IsDaily">Once a day.</param>
/// <param name="Last">His latest mail; null when there was none.</param>
internal sealed record OwnMail(bool IsOn, string? Address, Severity? From, bool IsDaily, MailFate? Last);

/// <summary>How sending goes.</summary>
/// <param name="IsOn">The installation sends mail.</param>
/// <param name="Waiting">Mails that wait.</param>
/// <param name="GivenUp">Mails of the last 30 days that were given up.</param>
/// <param name="LastSentAt">When the mail server last took one.</param>
/// <param name="Failure">The latest failure that stands; null when none does.</param>
/// <param name="FailedFor">Whose mail that is.</param>
public sealed record MailHealth(bool IsOn, int Waiting, int GivenUp, DateTimeOffset? LastSentAt, MailFate? Failure, string? FailedFor);

/// <summary>Reads choices and what became of mails.</summary>
internal sealed class MailQueries(IDbContextFactory<GuardDb> dbs, IOptions<MailOptions> options)
{
    /// <summary>What a person chose.</summary>
    public async Task<OwnMail> OwnAsync(Guid userId, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var choice = await db.MailChoices.AsNoTracking().FirstOrDefaultAsync(c => c.UserId == userId, cancel);
        var last = await Fates(db.Mails.Where(m => m.UserId == userId).OrderByDescending(m => m.CreatedAt).ThenByDescending(m => m.Id)).FirstOrDefaultAsync(cancel);
        return new OwnMail(options.Value.IsOn, choice?.Address, choice?.From, choice?.IsDaily ?? false, last);
    }

    /// <summary>How sending goes.</summary>
    public async Task<MailHealth> HealthAsync(CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var failed = db.Mails.AsNoTracking().Where(m => m.State != MailState.Sent && m.Error != null).OrderByDescending(m => m.TriedAt).ThenByDescending(m => m.Id);
        var whose = await failed.Select(m => db.Users.Where(u => u.Id == m.UserId).Select(u => u.DisplayName).FirstOrDefault()).FirstOrDefaultAsync(cancel);
        return new MailHealth(
            options.Value.IsOn,
            await db.Mails.CountAsync(m => m.State == MailState.Waiting, cancel),
            await db.Mails.CountAsync(m => m.State == MailState.GivenUp, cancel),
            await db.Mails.Where(m => m.State == MailState.Sent).OrderByDescending(m => m.CreatedAt).Select(m => m.TriedAt).FirstOrDefaultAsync(cancel),
            await Fates(failed).FirstOrDefaultAsync(cancel),
            whose);
    }

    private static IQueryable<MailFate> Fates(IQueryable<Mail> mails) => mails.Select(m => new MailFate(m.Subject, m.State, m.CreatedAt, m.TriedAt, m.NextTryAt, m.Error));
}
