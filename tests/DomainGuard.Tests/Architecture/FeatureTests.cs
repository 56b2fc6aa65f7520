using System.Reflection;
using DomainGuard.Data;
using DomainGuard.Tests.Infrastructure;
using DomainGuard.Web;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace DomainGuard.Tests.Architecture;

/// <summary>What a component, an operation and a feature may be given.</summary>
public sealed class FeatureTests
{
    private const string Features = "DomainGuard.Web.Features.";
    private static readonly Assembly Web = typeof(DomainGuardApp).Assembly;

    /// <summary>
    /// Features that use an operation (a class with <c>ExecuteAsync</c>) of another one, and why. A feature that needs more of its neighbour's than one or two is cut at the wrong place.
    /// A line is added here on purpose or not at all.
    /// </summary>
    private static readonly (string Feature, string Operation, string Why)[] Allowed =
    [
        ("Demo", "Scans.RunScan", "passing time does what the schedule would have done"),
        ("Demo", "Scans.StartScan", "the same"),
        ("Demo", "Imports.StageImport", "the sample accounts come in as any others"),
        ("Demo", "Imports.MergeImport", "the same"),
        ("Demo", "Findings.TakeUpFindings", "passing time carries findings out too"),
        ("Demo", "Audit.MakeCheckpoint", "and seals each day that passes"),
        ("Scans", "Findings.ApplyFindings", "a portion is carried out when it is settled"),
        ("Accounts", "Findings.ReverifyAddress", "the platform tells that an address was verified anew"),
        ("Accounts", "Sync.SyncAccounts", "one account comes in as a list of one line"),
        ("Sync", "Imports.StageImport", "a list of the platform is taken in as a file is"),
        ("Sync", "Imports.MergeImport", "the same"),
        ("Sync", "Imports.ConfirmImport", "a run above the limit of removals is allowed as a file is"),
        ("Gate", "Scans.LookUpNow", "what is too old is looked up before it is answered by"),
        ("Gate", "Findings.ApplyFindings", "and what is found is carried out before the answer"),
        ("Policy", "Findings.EndObserveOnly", "the switch stands on the page of settings"),
        ("Exports", "Audit.MakeCheckpoint", "an export carries a seal of today"),
    ];

    /// <summary>Components that are rendered on the server for one request, where that request is there to be read.</summary>
    private static readonly string[] OfOneRequest = ["DomainGuard.Web.Features.SignIn.", "DomainGuard.Web.Features.Staff.InvitationPage", "DomainGuard.Web.Shell.App", "DomainGuard.Web.Shell.ErrorPage"];

    [Fact]
    public void No_component_is_given_a_database_or_a_request()
    {
        var components = Web.GetTypes().Where(t => t.IsSubclassOf(typeof(ComponentBase))).ToList();
        Assert.True(components.Count > 40);
        Assert.Empty(components.Where(c => !OfOneRequest.Any(o => c.FullName!.StartsWith(o, StringComparison.Ordinal))).SelectMany(c => GivenTo(c).Where(IsDatabaseOrRequest).Select(t => $"{c.Name} is given {t.Name}")));
        Assert.Contains(GivenTo(typeof(Web.Shell.App)), IsDatabaseOrRequest); // found where there is one
    }

    [Fact]
    public void No_operation_knows_a_request_or_a_screen()
    {
        var operations = Web.GetTypes().Where(IsOperation).ToList();
        Assert.True(operations.Count > 10);
        Assert.All(operations, o => Assert.True(o.IsSealed && !o.IsPublic, $"{o.Name} is not internal sealed"));
        Assert.Empty(operations.SelectMany(o => GivenTo(o).Concat(o.GetMethods().SelectMany(m => m.GetParameters()).Select(p => p.ParameterType)).Where(IsRequestOrScreen).Select(t => $"{o.Name} takes {t.Name}")));
    }

    [Fact]
    public void No_feature_takes_an_operation_of_another_unless_it_is_listed()
    {
        var taken = Web.GetTypes().Where(t => t.FullName!.StartsWith(Features, StringComparison.Ordinal))
            .SelectMany(t => GivenTo(t).Where(g => IsOperation(g) && g.FullName!.StartsWith(Features, StringComparison.Ordinal)).Select(g => (Feature: FeatureOf(t), Operation: g)))
            .Where(x => x.Feature is not null && FeatureOf(x.Operation) is { } other && other != x.Feature)
            .Select(x => (x.Feature, Operation: $"{FeatureOf(x.Operation)}.{x.Operation.Name}")).Distinct().Order().ToList();
        List<(string?, string)> listed = [.. Allowed.Select(a => ((string?)a.Feature, a.Operation))];
        var (missing, needless) = (taken.Except(listed).ToList(), listed.Except(taken).ToList());
        Assert.Empty(missing);
        Assert.Empty(needless); // what nobody needs any more leaves the list
    }

    [Fact]
    public async Task Options_that_somebody_takes_are_validated()
    {
        await using var app = await RunningApp.StartAsync();
        var taken = new[] { Web, typeof(DomainGuard.Lookups.DomainLookup).Assembly, typeof(GuardDb).Assembly, typeof(DomainGuard.Simulator.World).Assembly }.SelectMany(a => a.GetTypes()).SelectMany(GivenTo)
            .Where(t => t.IsGenericType && (t.GetGenericTypeDefinition() == typeof(IOptions<>) || t.GetGenericTypeDefinition() == typeof(IOptionsMonitor<>) || t.GetGenericTypeDefinition() == typeof(IOptionsSnapshot<>)))
            .Select(t => t.GetGenericArguments()[0]).Where(t => t.Namespace!.StartsWith("DomainGuard", StringComparison.Ordinal)).Distinct().ToList();
        Assert.NotEmpty(taken);
        Assert.All(taken, t => Assert.NotEmpty(app.App.Services.GetServices(typeof(IValidateOptions<>).MakeGenericType(t))));
    }

    private static string? FeatureOf(Type type)
    {
        var rest = type.Namespace![(Features.Length - 1)..].TrimStart('.');
        return rest.Length == 0 ? null : rest.Split('.')[0];
    }

    private static bool IsOperation(Type type) =>
        type.FullName?.StartsWith(Features, StringComparison.Ordinal) == true && type is { IsClass: true, IsNested: false } && Array.Exists(type.GetMethods(BindingFlags.Public | BindingFlags.Instance), m => m.Name == "ExecuteAsync");

    private static bool IsDatabaseOrRequest(Type type) =>
        type.IsAssignableTo(typeof(DbContext)) || type == typeof(HttpContext) || type == typeof(IHttpContextAccessor) || (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IDbContextFactory<>));

    private static bool IsRequestOrScreen(Type type) =>
        type == typeof(HttpContext) || type == typeof(IHttpContextAccessor) || type.IsAssignableTo(typeof(ComponentBase)) || type == typeof(NavigationManager)
        || type.Namespace?.StartsWith("MudBlazor", StringComparison.Ordinal) == true || type.Namespace?.StartsWith("Microsoft.JSInterop", StringComparison.Ordinal) == true;

    /// <summary>What the container or a parent hands over: by constructor, injected or cascading.</summary>
    private static IEnumerable<Type> GivenTo(Type type) => type.GetConstructors(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance).SelectMany(c => c.GetParameters()).Select(p => p.ParameterType)
        .Concat(type.GetProperties(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance)
            .Where(p => p.IsDefined(typeof(InjectAttribute)) || p.IsDefined(typeof(CascadingParameterAttribute)) || p.IsDefined(typeof(ParameterAttribute))).Select(p => p.PropertyType));
}
