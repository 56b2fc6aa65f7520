using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Identity.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;

namespace ExampleRegistry;

/// <summary>The registry's database.</summary>
public sealed class RegistryDb(DbContextOptions<RegistryDb> options) : IdentityUserContext<Maintainer>(options)
{
    /// <summary>What was published.</summary>
    public DbSet<Release> Releases => Set<Release>();

    /// <summary>What was sent.</summary>
    public DbSet<Mail> Mails => Set<Mail>();

    /// <summary>What DomainGuard said.</summary>
    public DbSet<Notice> Notices => Set<Notice>();
}

/// <summary>A user of the registry.</summary>
public sealed class Maintainer : IdentityUser
{
    /// <summary>When his address was verified (UTC).</summary>
    public DateTime? EmailVerifiedAt { get; set; }
}

/// <summary>A version of a package.</summary>
public sealed class Release
{
    /// <summary>Key.</summary>
    public long Id { get; set; }

    /// <summary>The package's name.</summary>
    public required string Package { get; set; }

    /// <summary>The version.</summary>
    public required string Version { get; set; }

    /// <summary>Who published it.</summary>
    public required string UserName { get; set; }

    /// <summary>When (UTC).</summary>
    public DateTime At { get; set; }
}

/// <summary>A mail, as it lies in the mailbox of whoever holds the domain.</summary>
public sealed class Mail
{
    /// <summary>Key.</summary>
    public long Id { get; set; }

    /// <summary>The part after the @: who holds it reads the mail.</summary>
    public required string Host { get; set; }

    /// <summary>Address.</summary>
    public required string To { get; set; }

    /// <summary>Subject.</summary>
    public required string Subject { get; set; }

    /// <summary>The link in it.</summary>
    public required string Link { get; set; }

    /// <summary>When (UTC).</summary>
    public DateTime At { get; set; }
}

/// <summary>Something that DomainGuard said: a webhook, or a mail that its gate withheld.</summary>
public sealed class Notice
{
    /// <summary>The webhook's id.</summary>
    public required string Id { get; set; }

    /// <summary>What happened.</summary>
    public required string Kind { get; set; }

    /// <summary>To whom, and why.</summary>
    public required string Text { get; set; }

    /// <summary>When it happened (UTC): for an event by DomainGuard's clock, which its demonstration can move.</summary>
    public DateTime At { get; set; }

    /// <summary>When it was noted here (UTC).</summary>
    public DateTime NotedAt { get; set; }
}
