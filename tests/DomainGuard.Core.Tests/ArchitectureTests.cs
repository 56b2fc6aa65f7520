using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Text.Json;
using DomainGuard.Core.Domains;

namespace DomainGuard.Core.Tests;

/// <summary>Core is a set of pure functions: what it says of yesterday's evidence it will say of it in ten years. These tests read what the compiler wrote.</summary>
public sealed class ArchitectureTests
{
    /// <summary>Types, or whole namespaces where a dot ends them, that wait, read a clock, roll dice or reach out of the process.</summary>
    private static readonly string[] ImpureTypes =
    [
        "System.Threading.", "System.TimeProvider", "System.Random", "System.Diagnostics.Stopwatch", "System.Diagnostics.Process", "System.Console",
        "System.Collections.Generic.IAsyncEnumerable`1", "System.IO.File", "System.IO.FileStream", "System.IO.FileInfo",
        "System.IO.Directory", "System.IO.DirectoryInfo", "System.Net.Http.", "System.Net.Dns", "System.Net.Sockets.Socket",
        "System.Security.Cryptography.RandomNumberGenerator",
    ];

    private static readonly string[] ImpureMembers =
    [
        "System.DateTime.get_Now", "System.DateTime.get_UtcNow", "System.DateTime.get_Today", "System.DateTimeOffset.get_Now", "System.DateTimeOffset.get_UtcNow",
        "System.Guid.NewGuid", "System.Guid.CreateVersion7", "System.TimeZoneInfo.get_Local", "System.DateTimeOffset.ToLocalTime", "System.DateTime.ToLocalTime",
        "System.Environment.get_TickCount", "System.Environment.get_TickCount64", "System.Environment.get_MachineName", "System.Environment.GetEnvironmentVariable",
    ];

    private static readonly string Core = typeof(DomainName).Assembly.Location;

    [Fact]
    public void Core_needs_no_package_and_no_other_project()
    {
        using var dependencies = JsonDocument.Parse(File.ReadAllText(Path.ChangeExtension(typeof(ArchitectureTests).Assembly.Location, ".deps.json")));
        var target = Assert.Single(dependencies.RootElement.GetProperty("targets").EnumerateObject()).Value;
        Assert.False(Library("DomainGuard.Core/").TryGetProperty("dependencies", out var needed), needed.ToString());

        // The same question does find what the tests themselves need.
        Assert.True(Library("DomainGuard.Core.Tests/").GetProperty("dependencies").TryGetProperty("CsCheck", out _));

        JsonElement Library(string prefix) => target.EnumerateObject().Single(l => l.Name.StartsWith(prefix, StringComparison.Ordinal)).Value;
    }

    [Fact]
    public void Core_uses_only_the_base_library()
    {
        var framework = Path.GetDirectoryName(typeof(object).Assembly.Location)!;
        Assert.All(Read(Core, m => m.AssemblyReferences.Select(h => m.GetString(m.GetAssemblyReference(h).Name)).ToList()),
            name => Assert.True(File.Exists(Path.Combine(framework, name + ".dll")), $"{name} is not part of the base library"));
    }

    [Fact]
    public void Core_returns_no_task_reads_no_clock_and_touches_nothing_outside() => Assert.Empty(Impurities(Core));

    [Fact]
    public void Impurities_are_found_where_there_are_some()
    {
        var found = Impurities(typeof(ArchitectureTests).Assembly.Location);
        Assert.Contains("System.Threading.Tasks.Task", found);
        Assert.Contains("System.IO.File", found);
        Assert.Contains("System.Diagnostics.Process", found);
        Assert.Contains(Impurities(typeof(Assert).Assembly.Location), i => i.StartsWith("System.Threading.", StringComparison.Ordinal));

        // Cookies expire: a part of the base library that reads the clock.
        Assert.Contains("System.DateTime.get_UtcNow", Impurities(typeof(System.Net.Cookie).Assembly.Location));
    }

    private static List<string> Impurities(string assembly) => Read(assembly, m =>
    {
        var types = m.TypeReferences.Select(h => Name(m, h)).Where(t => ImpureTypes.Any(i => i.EndsWith('.') ? t.StartsWith(i, StringComparison.Ordinal) : t == i));
        var members = m.MemberReferences.Select(h => m.GetMemberReference(h)).Where(r => r.Parent.Kind == HandleKind.TypeReference)
            .Select(r => $"{Name(m, (TypeReferenceHandle)r.Parent)}.{m.GetString(r.Name)}").Where(ImpureMembers.Contains);
        return types.Concat(members).ToList();
    });

    private static string Name(MetadataReader reader, TypeReferenceHandle handle)
    {
        var type = reader.GetTypeReference(handle);
        return $"{reader.GetString(type.Namespace)}.{reader.GetString(type.Name)}";
    }

    private static T Read<T>(string assembly, Func<MetadataReader, T> read)
    {
        using var file = new PEReader(File.OpenRead(assembly));
        return read(file.GetMetadataReader());
    }
}
