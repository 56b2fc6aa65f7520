using Microsoft.AspNetCore.Identity;

namespace DomainGuard.Data.Staff;

/// <summary>
/// A member of staff who may sign in to the console. <see cref="IdentityUser{TKey}.LockoutEnd"/> is set by an administrator's lock only; wrong passwords and codes are counted
/// in <see cref="SignInTry"/>. A removed person leaves no row: the audit trail keeps the id.
/// </summary>
public sealed class GuardUser : IdentityUser<Guid>
{
    /// <summary>Name shown to colleagues, at most 200 characters.</summary>
    public required string DisplayName { get; set; }

    /// <summary>When the person joined (UTC, guard clock).</summary>
    public DateTimeOffset JoinedAt { get; set; }

    /// <summary>Last sign-in (UTC, guard clock); null before the first.</summary>
    public DateTimeOffset? LastSignInAt { get; set; }

    /// <summary>Time step (RFC 6238, 30 s) of the last code that was accepted: no code of this step or an earlier one is accepted again.</summary>
    public long CodeStep { get; set; }

    /// <summary>Single-letter keys are switched off for this person (WCAG 2.1.4).</summary>
    public bool SingleKeysOff { get; set; }
}
