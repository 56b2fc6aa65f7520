using DomainGuard.Core.Policy;
using DomainGuard.Data;
using DomainGuard.Data.Providers;
using DomainGuard.Data.Staff;
using DomainGuard.Tests.Scans;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Features.Policy;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Internal;

namespace DomainGuard.Tests.Policy;

/// <summary>The policy's operations on a real database, beside the scan engine.</summary>
internal sealed class PolicyWorld : IAsyncDisposable
{
    private readonly ScanWorld _owner;

    private PolicyWorld(ScanWorld owner) => (_owner, Scans) = (owner, owner.Join(more: s => s.AddPolicy().AddSingleton<IHostEnvironment>(new HostingEnvironment { EnvironmentName = "Production" })));

    /// <summary>One test body on every product that runs here.</summary>
    public static TheoryData<DatabaseProvider> Providers => [DatabaseProvider.Sqlite, DatabaseProvider.PostgreSql];

    public static StaffMember Ada { get; } = Person(Roles.Administrator);

    public static StaffMember Bela { get; } = Person(Roles.Administrator);

    public ScanWorld Scans { get; }

    public static StaffMember Person(params string[] roles) => new(Guid.CreateVersion7(), "Somebody", roles.ToHashSet(StringComparer.Ordinal), "192.0.2.1");

    public static async Task<PolicyWorld> CreateAsync(DatabaseProvider provider = DatabaseProvider.Sqlite, params ScriptedSource[] sources) =>
        new(provider == DatabaseProvider.Sqlite ? await ScanWorld.CreateAsync(sources) : await ScanWorld.CreateOnPostgresAsync(sources));

    public T Get<T>()
        where T : notnull => Scans.Get<T>();

    public Task<GuardDb> OpenAsync() => Scans.OpenAsync();

    /// <summary>The policy in force with some fields changed.</summary>
    public async Task<PolicyWish> WishAsync(string comment, params (string Field, string Text)[] changes)
    {
        var current = await Get<PolicyStore>().CurrentAsync(CancellationToken.None);
        return new PolicyWish(current.Version, changes.Aggregate(current.Policy, (p, c) => PolicyFields.With(p, c.Field, c.Text)!), comment);
    }

    /// <summary>Saves as an administrator.</summary>
    public async Task<SavePolicyOutcome> SaveAsync(params (string Field, string Text)[] changes) =>
        await Get<SavePolicy>().ExecuteAsync(await WishAsync("because", changes), Ada, CancellationToken.None);

    public async Task RequireSecondPersonAsync()
    {
        await using var db = await OpenAsync();
        await InstallationSettings.SetAsync(db, InstallationSettings.RequireSecondPerson, true, CancellationToken.None);
        await db.SaveChangesAsync();
    }

    /// <summary>Writes a member of staff into the database, so that his name can be joined.</summary>
    public async Task AddStaffAsync(StaffMember person, string name)
    {
        await using var db = await OpenAsync();
        db.Users.Add(new GuardUser { Id = person.Id, UserName = name, NormalizedUserName = name.ToUpperInvariant(), DisplayName = name });
        await db.SaveChangesAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await Scans.DisposeAsync();
        await _owner.DisposeAsync();
    }
}
