using DomainGuard.Core.Audit;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Audit;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.SignIn;

/// <summary>Why somebody did not get in: the reason of the entry.</summary>
internal enum SignInRefusal
{
    /// <summary>Password, code or key was wrong.</summary>
    WrongCredential,

    /// <summary>There is no such user.</summary>
    UnknownUser,

    /// <summary>Too many attempts: this one locked the user out, or he was locked out already.</summary>
    LockedOut,
}

/// <summary>
/// Records who signed in and out, and who did not get in. What was typed for a user name is never kept: people type passwords there. Of failures that name nobody at most
/// <see cref="MostNameless"/> a minute are written, with how many there were: else anybody could fill the audit trail.
/// </summary>
internal sealed class RecordSignIn(IDbContextFactory<GuardDb> dbs, GuardClock clock, TimeProvider time)
{
    internal const int MostNameless = 30;
    private readonly Lock _lock = new();
    private long _minute = -1;
    private int _written;
    private int _left;

    /// <summary>Somebody signed in.</summary>
    /// <param name="user">Who.</param>
    /// <param name="how">With what: "password", "passkey", "single sign-on".</param>
    /// <param name="from">From where.</param>
    /// <param name="cancel">Cancels.</param>
    public Task SignedInAsync(Guid user, string how, string? from, CancellationToken cancel) =>
        WriteAsync(new AuditFact(AuditAction.SignedIn, AuditActor.Staff(user, from), clock.Now) { Changes = [("with", null, how)] }, cancel);

    /// <summary>Somebody signed out.</summary>
    public Task SignedOutAsync(Guid user, string? from, CancellationToken cancel) => WriteAsync(new AuditFact(AuditAction.SignedOut, AuditActor.Staff(user, from), clock.Now), cancel);

    /// <summary>Somebody did not get in.</summary>
    /// <param name="user">As whom; null when there is no such user.</param>
    /// <param name="why">Why.</param>
    /// <param name="from">From where.</param>
    /// <param name="cancel">Cancels.</param>
    public Task FailedAsync(Guid? user, SignInRefusal why, string? from, CancellationToken cancel)
    {
        var others = 0;
        if (user is null && !MayWrite(out others))
        {
            return Task.CompletedTask;
        }

        return WriteAsync(
            new AuditFact(AuditAction.SignInFailed, AuditActor.Unknown(from), clock.Now)
            {
                Subject = user is { } id ? $"staff {id:D}" : null,
                Reason = why.ToString(),
                Changes = [("notWritten", null, others == 0 ? null : others)],
            },
            cancel);
    }

    private bool MayWrite(out int others)
    {
        var minute = time.GetUtcNow().Ticks / TimeSpan.TicksPerMinute;
        lock (_lock)
        {
            if (minute != _minute)
            {
                (_minute, _written) = (minute, 0);
            }

            others = _left;
            if (_written >= MostNameless)
            {
                _left++;
                return false;
            }

            (_written, _left) = (_written + 1, 0);
            return true;
        }
    }

    private async Task WriteAsync(AuditFact fact, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        AuditTrail.Add(db, fact);
        await db.SaveChangesAsync(cancel);
    }
}
