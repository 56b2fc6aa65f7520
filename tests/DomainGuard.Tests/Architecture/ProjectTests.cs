using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using DomainGuard.Client;
using DomainGuard.Core.Domains;
using DomainGuard.Data;
using DomainGuard.Lookups;
using DomainGuard.Simulator;
using DomainGuard.Tests.Infrastructure;

namespace DomainGuard.Tests.Architecture;

/// <summary>Who knows whom among the projects, as the compiler wrote it down: <c>Core &lt;- Lookups, Data</c>; <c>Lookups &lt;- Simulator</c>; all <c>&lt;- Web</c>; <c>Client</c> alone.</summary>
public sealed class ProjectTests
{
    /// <summary>Project, the projects it may know, and the only parts of ASP.NET and EF Core it may know.</summary>
    public static TheoryData<string, string[], string[]> Projects => new()
    {
        { typeof(DomainName).Assembly.Location, [], [] },
        { typeof(DomainLookup).Assembly.Location, ["DomainGuard.Core"], [] },
        { typeof(GuardDb).Assembly.Location, ["DomainGuard.Core"], ["Microsoft.AspNetCore.Identity.EntityFrameworkCore", "Microsoft.EntityFrameworkCore", "Microsoft.EntityFrameworkCore."] },
        { typeof(World).Assembly.Location, ["DomainGuard.Core", "DomainGuard.Lookups"], [] },
        { typeof(DomainGuardClient).Assembly.Location, [], ["Microsoft.AspNetCore.Http.Abstractions", "Microsoft.AspNetCore.Http.Features", "Microsoft.AspNetCore.Identity"] },
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

    /// <summary>The client lives on the other side of the wire: what both knew would have to change on both sides in one moment.</summary>
    [Fact]
    public void The_installation_and_the_client_know_only_the_wire()
    {
        var projects = Directory.GetFiles(Path.Combine(Repository.Root, "src"), "*.csproj", SearchOption.AllDirectories).ToDictionary(p => Path.GetFileNameWithoutExtension(p), File.ReadAllText);
        foreach (var assembly in (Type[])[typeof(DomainName), typeof(DomainLookup), typeof(GuardDb), typeof(World), typeof(Web.DomainGuardApp)])
        {
            Assert.DoesNotContain("DomainGuard.Client", References(assembly.Assembly.Location));
            var project = projects[assembly.Namespace!.Split('.') is [_, var name, ..] ? $"DomainGuard.{name}" : ""];
            Assert.DoesNotContain("DomainGuard.Client", project, StringComparison.Ordinal);
        }

        Assert.DoesNotContain("PackageReference", projects["DomainGuard.Client"], StringComparison.Ordinal);
        Assert.DoesNotContain("ProjectReference", projects["DomainGuard.Client"], StringComparison.Ordinal);
        Assert.Equal(["DomainGuard.Client"], References(typeof(ExampleRegistry.RegistryApp).Assembly.Location).Where(n => n.StartsWith("DomainGuard.", StringComparison.Ordinal)));
    }

    private static List<string> References(string assembly)
    {
        using var file = new PEReader(File.OpenRead(assembly));
        var reader = file.GetMetadataReader();
        return [.. reader.AssemblyReferences.Select(h => reader.GetString(reader.GetAssemblyReference(h).Name))];
    }
}
