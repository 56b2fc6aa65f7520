using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using DomainGuard.Client;
using DomainGuard.Tests.Infrastructure;

namespace DomainGuard.Tests.Client;

/// <summary>What the pages about the client print is code that runs here, and what the client offers is used here.</summary>
public sealed partial class ClientDocTests
{
    [Theory]
    [InlineData(7, "docs", "client.md")]
    [InlineData(2, "src", "DomainGuard.Client", "README.md")]
    public void Every_snippet_is_code_of_the_example_platform(int least, params string[] path)
    {
        var code = Bare(Repository.Read("tests", "DomainGuard.Tests", "Client", "ExamplePlatform.cs"));
        var snippets = Snippet().Matches(Repository.Read(path)).Select(m => m.Groups[1].Value).ToList();
        Assert.True(snippets.Count >= least);
        Assert.All(snippets, s => Assert.Contains(Bare(s), code, StringComparison.Ordinal));
    }

    [Fact]
    public void Every_option_and_its_default_stands_on_the_page()
    {
        var (page, options) = (Repository.Read("docs", "client.md"), new DomainGuardClientOptions());
        Assert.All(typeof(DomainGuardClientOptions).GetProperties(), p => Assert.Contains($"| `{p.Name}` |", page, StringComparison.Ordinal));
        Assert.Equal((TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(30), RecoveryFailMode.Review), (options.RecoveryDeadline, options.Deadline, options.RecoveryFailMode));
        Assert.Contains("| `RecoveryDeadline` | 4 s |", page, StringComparison.Ordinal);
        Assert.Contains("| `Deadline` | 30 s |", page, StringComparison.Ordinal);
        Assert.Contains("| `RecoveryFailMode` | `Review` |", page, StringComparison.Ordinal);
        Assert.Contains("(`QueueCapacity`, 1,000)", page, StringComparison.Ordinal);
        Assert.Contains("has a `Deadline` of its own, 10 s", page, StringComparison.Ordinal);
        var gate = new RecoveryGateOptions<Microsoft.AspNetCore.Identity.IdentityUser>();
        Assert.Equal((1_000, TimeSpan.FromSeconds(10), RecoveryFailMode.Review), (gate.QueueCapacity, gate.Deadline, gate.FailMode));
    }

    [Fact]
    public void Every_public_member_is_used_by_a_test()
    {
        var tests = string.Concat(Directory.GetFiles(Path.Combine(Repository.Root, "tests", "DomainGuard.Tests", "Client"), "*.cs").Select(File.ReadAllText));
        var unused = typeof(DomainGuardClient).Assembly.GetExportedTypes()
            .SelectMany(t => t.GetMembers(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly))
            .Where(m => m is not ConstructorInfo && m is not MethodBase { IsSpecialName: true } and not FieldInfo { IsSpecialName: true } && !m.IsDefined(typeof(CompilerGeneratedAttribute)))
            .Where(m => !Regex.IsMatch(tests, $@"\b{m.Name}\b")).Select(m => $"{m.DeclaringType!.Name}.{m.Name}").ToList();
        Assert.Empty(unused);
        Assert.Matches(@"\bCheckRecoveryAsync\b", tests);
    }

    private static string Bare(string text) => Spaces().Replace(text, "");

    [GeneratedRegex("```csharp\\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Snippet();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
