using DomainGuard.Core.Audit;
using DomainGuard.Core.Cases;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Audit;
using DomainGuard.Data.Mails;
using DomainGuard.Data.Webhooks;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Features.Staff;
using DomainGuard.Web.Hosting;
using DomainGuard.Web.Shared;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace DomainGuard.Web.Features.Notifications;

/// <summary>What became of a change of one's own mail.</summary>
internal abstract record OwnMailOutcome
{
    /// <summary>It stands.</summary>
    internal sealed record Done : OwnMailOutcome;

    /// <summary>Nothing was changed.</summary>
    /// <param name="Problem">Why, in words.</param>
    internal sealed record Refused(string Problem) : OwnMailOutcome;
}

/// <summary>What a member of staff chooses of his mail. The audit trail says that the address changed, not what it is.</summary>
internal sealed class ChangeOwnMail(IDbContextFactory<GuardDb> dbs, IOptions<MailOptions> mail, IOptions<DomainGuardOptions> options, GuardClock clock, TimeProvider time)
{
    /// <summary>A test is sent at most so often: anybody's address can be typed.</summary>
    internal static readonly TimeSpan BetweenTests = TimeSpan.FromMinutes(1);

    /// <summary>Sets address and choice.</summary>
    /// <param name="by">Who.</param>
    /// <param name="address">Where to; empty for nowhere.</param>
    /// <param name="from">From which severity; null for no mail.</param>
    /// <param name="isDaily">Once a day, not at once.</param>
    /// <param name="cancel">Cancels.</param>
    public async Task<OwnMailOutcome> ChangeAsync(StaffMember by, string? address, Severity? from, bool isDaily, CancellationToken cancel)
    {
        string? to = null;
        if (!string.IsNullOrWhiteSpace(address))
        {
            if (!MailAddresses.TryParse(address, out var parsed, out var error))
            {
                return new OwnMailOutcome.Refused($"This is no address that mail can be sent to: {error}.");
            }

            to = parsed.Address;
        }

        if (from is not null && to is null)
        {
            return new OwnMailOutcome.Refused("Mail needs an address to go to. Give one, or choose no mail.");
        }

        if (from is { } severity && !Enum.IsDefined(severity))
        {
            return new OwnMailOutcome.Refused("There is no such severity.");
        }

        await using var db = await dbs.CreateDbContextAsync(cancel);
        var choice = await db.MailChoices.AsTracking().FirstOrDefaultAsync(c => c.UserId == by.Id, cancel);
        if (choice is null)
        {
            // What happened before is not told.
            choice = new MailChoice { UserId = by.Id, ToldUpTo = await db.EventHeads.Where(h => h.Id == EventHead.Mail).Select(h => h.Sequence).SingleAsync(cancel) };
            db.MailChoices.Add(choice);
        }

        List<(string, object?, object?)> changes = [("mail", Word(choice), null)];
        if (choice.Address != to)
        {
            changes.Add(("contactAddress", null, choice.Address is null ? "given" : to is null ? "removed" : "changed"));
        }

        (choice.Address, choice.From, choice.IsDaily) = (to, from, isDaily);
        changes[0] = ("mail", changes[0].Item2, Word(choice));
        if (changes.Count > 1 || !Equals(changes[0].Item2, changes[0].Item3))
        {
            AuditTrail.Add(db, new AuditFact(AuditAction.StaffChanged, by.Actor, clock.Now) { Subject = StaffChanges.Subject(by.Id), Changes = changes });
            await db.SaveChangesAsync(cancel);
        }

        return new OwnMailOutcome.Done();
    }

    /// <summary>Sends a test, on the way that every mail takes.</summary>
    public async Task<OwnMailOutcome> TestAsync(StaffMember by, CancellationToken cancel)
    {
        if (!mail.Value.IsOn)
        {
            return new OwnMailOutcome.Refused("Mail is off in this installation.");
        }

        var now = time.GetUtcNow();
        await using var db = await dbs.CreateDbContextAsync(cancel);
        if (!await db.MailChoices.AnyAsync(c => c.UserId == by.Id && c.Address != null, cancel))
        {
            return new OwnMailOutcome.Refused("Give an address first.");
        }

        var after = now - BetweenTests;
        if (await db.Mails.AnyAsync(m => m.UserId == by.Id && m.CreatedAt > after, cancel))
        {
            return new OwnMailOutcome.Refused("A mail to you was made within the last minute. Look at what became of it, then try again.");
        }

        db.Mails.Add(MakeMails.New(by.Id, MailText.Test(options.Value.PublicUrl), now));
        await db.SaveChangesAsync(cancel);
        return new OwnMailOutcome.Done();
    }

    private static string Word(MailChoice choice) => choice.From is not { } from ? "none" : $"from {CaseWords.Of(from).Css}, {(choice.IsDaily ? "daily" : "at once")}";
}
