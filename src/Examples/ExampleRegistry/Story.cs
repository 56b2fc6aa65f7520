using Microsoft.AspNetCore.Identity;

namespace ExampleRegistry;

/// <summary>Who is here at start: people at domains whose lives DomainGuard's demonstration plays.</summary>
public static class Story
{
    /// <summary>Everybody's password.</summary>
    public const string Password = "demonstration";

    /// <summary>User name, address, whether there is a second factor, package.</summary>
    private static readonly (string User, string Email, bool TwoFactor, string Package)[] People =
    [
        ("mara", "mara@quietforge.io", false, "quiet-template"), // lapsed, and registered by a stranger since
        ("sven", "sven@saltmarsh-data.com", false, "salt-frames"), // lapsing; caught within seconds of its drop, on the sixth day
        ("tara", "tara@harbor-tools.dev", true, "harbor-cli"), // in redemption
        ("noor", "noor@noorcraft.to", false, "dotpath"), // hers still; free on the fourth day, and a stranger's 24 seconds later
        ("wim", "wim@fjordkit.to", false, "fjord-maps"), // its registry changes software: looks like another holder, and is not
        ("zoe", "zoe@gmail.com", false, "left-bad"), // a mail provider
    ];

    internal static async Task TellAsync(RegistryDb db, UserManager<Maintainer> users, TimeProvider time)
    {
        // The same at each start of a year: a later one would tell DomainGuard that somebody verified the address anew.
        var verified = new DateTime(time.GetUtcNow().Year - 1, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        foreach (var (user, email, twoFactor, package) in People)
        {
            // The id is the same at each start: DomainGuard knows the account by it.
            var result = await users.CreateAsync(new Maintainer { Id = $"registry-{user}", UserName = user, Email = email, EmailConfirmed = true, EmailVerifiedAt = verified, TwoFactorEnabled = twoFactor }, Password);
            if (!result.Succeeded)
            {
                throw new InvalidOperationException(string.Join(' ', result.Errors.Select(e => e.Description)));
            }

            db.Releases.Add(new Release { Package = package, Version = "1.0.0", UserName = user, At = verified.AddDays(3) });
        }

        await db.SaveChangesAsync();
    }
}
