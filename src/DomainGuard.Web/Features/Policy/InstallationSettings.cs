using DomainGuard.Data;
using DomainGuard.Data.Settings;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Policy;

/// <summary>Settings of the whole installation that administrators change while it runs.</summary>
internal static class InstallationSettings
{
    /// <summary>"true" while the installation only observes (product section 6): on until an administrator ends it; off from the beginning in a demonstration.</summary>
    public const string ObserveOnly = "observe-only";

    /// <summary>"true" when policy changes and batches need a second person.</summary>
    public const string RequireSecondPerson = "require-second-person";

    /// <summary>Reads a switch.</summary>
    public static async Task<bool> IsOnAsync(GuardDb db, string name, bool otherwise, CancellationToken cancel) =>
        await db.Settings.AsNoTracking().Where(s => s.Name == name).Select(s => s.Value).FirstOrDefaultAsync(cancel) is { } value ? value == "true" : otherwise;

    /// <summary>Sets a switch in the caller's context, without saving.</summary>
    public static async Task SetAsync(GuardDb db, string name, bool value, CancellationToken cancel)
    {
        if (await db.Settings.FindAsync([name], cancel) is { } setting)
        {
            setting.Value = value ? "true" : "false";
            setting.Version++;
        }
        else
        {
            db.Settings.Add(new Setting { Name = name, Value = value ? "true" : "false", Version = 1 });
        }
    }
}
