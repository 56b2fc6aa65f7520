namespace DomainGuard.TestSupport;

/// <summary>
/// Captured answers and official vectors, kept outside the repository in <c>shared/fixtures</c> beside it (or where <c>DOMAINGUARD_FIXTURES</c> says).
/// Tests that read them are skipped, and say so, where the folder is missing.
/// </summary>
internal static class Fixtures
{
    private static readonly string? Folder = Find();

    /// <summary>Full path of a file or folder below the fixtures; skips the test when there are none.</summary>
    internal static string PathOf(params string[] parts)
    {
        Assert.SkipUnless(Folder is not null, "shared/fixtures is not beside the repository and DOMAINGUARD_FIXTURES is not set");
        return Path.Combine([Folder!, .. parts]);
    }

    private static string? Find()
    {
        if (Environment.GetEnvironmentVariable("DOMAINGUARD_FIXTURES") is { Length: > 0 } named)
        {
            return Directory.Exists(named) ? named : null;
        }

        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var candidate = Path.Combine(folder.FullName, "shared", "fixtures");
            if (Directory.Exists(candidate))
            {
                return candidate;
            }
        }

        return null;
    }
}
