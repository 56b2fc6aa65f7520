using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using DomainGuard.Core.Domains;
using DomainGuard.Data;
using DomainGuard.Lookups;
using DomainGuard.Simulator;

namespace DomainGuard.Tests.Architecture;

/// <summary>Who knows whom among the projects, as the compiler wrote it down: <c>Core &lt;- Lookups, Data</c>; <c>Lookups &lt;- Simulator</c>; all <c>&lt;- Web</c>.</summary>
public sealed class ProjectTests
{
    /// <summary>Project, the projects it may know, and the only parts of ASP.NET and EF Core it may know.</summary>
    public static TheoryData<string, string[], string[]> Projects => new()
    {
        { typeof(DomainName).Assembly.Location, [], [] },
        { typeof(DomainLookup).Assembly.Location, ["DomainGuard.Core"], [] },
        { typeof(GuardDb).Assembly.Location, ["DomainGuard.Core"], ["Microsoft.AspNetCore.Identity.EntityFrameworkCore", "Microsoft.EntityFrameworkCore", "Microsoft.EntityFrameworkCore."] },
        { typeof(World).Assembly.Location, ["DomainGuard.Core", "DomainGuard.Lookups"], [] },
    };

    [Theory]
    [MemberData(nameof(Projects))]
    public void Project_knows_only_those_below_it_and_no_web_server(string assembly, string[] projects, string[] frameworks)
    {
        var known = References(assembly);
        Assert.Contains("System.Runtime", known);
        Assert.Empty(known.Where(n => n.StartsWith("DomainGuard.", StringComparison.Ordinal)).Except(projects));
        string[] above = ["Microsoft.AspNetCore.", "Microsoft.EntityFrameworkCore", "MudBlazor", "Hangfire"];
        Assert.All(known.Where(n => above.Any(a => n.StartsWith(a, StringComparison.Ordinal))), n => Assert.Contains(frameworks, f => f.EndsWith('.') ? n.StartsWith(f, StringComparison.Ordinal) : n == f));
    }

    [Fact]
    public void References_are_found_where_there_are_some()
    {
        var known = References(typeof(Web.DomainGuardApp).Assembly.Location);
        Assert.All(new[] { "DomainGuard.Core", "DomainGuard.Lookups", "DomainGuard.Data", "DomainGuard.Simulator", "MudBlazor", "Microsoft.AspNetCore.Components", "Microsoft.EntityFrameworkCore" }, n => Assert.Contains(n, known));
    }

    private static List<string> References(string assembly)
    {
        using var file = new PEReader(File.OpenRead(assembly));
        var reader = file.GetMetadataReader();
        return [.. reader.AssemblyReferences.Select(h => reader.GetString(reader.GetAssemblyReference(h).Name))];
    }
}
