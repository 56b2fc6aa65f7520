namespace DomainGuard.Tests.Infrastructure;

/// <summary>Files of the repository that tests read beside the program: documentation.</summary>
internal static class Repository
{
    /// <summary>Its folder: the one with the solution, above the test's own.</summary>
    public static string Root { get; } = Find();

    /// <summary>The text of a file in it.</summary>
    public static string Read(params ReadOnlySpan<string> path) => File.ReadAllText(Path.Combine([Root, .. path]));

    private static string Find()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "DomainGuard.Web.sln")))
        {
            folder = folder.Parent ?? throw new FileNotFoundException("DomainGuard.Web.sln lies in no folder above the tests.");
        }

        return folder.FullName;
    }
}
