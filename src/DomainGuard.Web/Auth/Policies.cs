using System.Collections.Frozen;
using Microsoft.AspNetCore.Authorization;

namespace DomainGuard.Web.Auth;

/// <summary>Roles of staff. They add up (product section 2).</summary>
internal static class Roles
{
    /// <summary>Scans, policy, batches, sources, import, staff, clock.</summary>
    public const string Administrator = "Administrator";

    /// <summary>Decides, rescans one domain or one account.</summary>
    public const string Analyst = "Analyst";

    /// <summary>Reads everything, exports, verifies; changes nothing.</summary>
    public const string Auditor = "Auditor";

    public static IReadOnlyList<string> All { get; } = [Administrator, Analyst, Auditor];
}

/// <summary>What a role may do. Every page, endpoint and operation asks for one of these.</summary>
internal static class Policies
{
    /// <summary>Read the console: any role.</summary>
    public const string Read = "Read";

    /// <summary>Export, and verify the audit trail: any role, for what an auditor may the others may too.</summary>
    public const string Export = "Export";

    /// <summary>Decide cases, assign, comment: Analyst.</summary>
    public const string Decide = "Decide";

    /// <summary>Rescan one domain or one account: Analyst, Administrator.</summary>
    public const string RescanOne = "RescanOne";

    /// <summary>Run the machine: scans, policy, batches, sources, import, staff, settings, clock: Administrator.</summary>
    public const string Operate = "Operate";

    /// <summary>Look after one's own sign-in: everybody who is signed in, also without a role yet. No right of the console.</summary>
    public const string Self = "Self";

    private static readonly FrozenDictionary<string, IReadOnlyList<string>> Table = new Dictionary<string, IReadOnlyList<string>>
    {
        [Read] = Roles.All,
        [Export] = Roles.All,
        [Decide] = [Roles.Analyst],
        [RescanOne] = [Roles.Administrator, Roles.Analyst],
        [Operate] = [Roles.Administrator],
    }.ToFrozenDictionary();

    /// <summary>The roles that carry a right.</summary>
    /// <exception cref="KeyNotFoundException">There is no such right.</exception>
    public static IReadOnlyList<string> RolesOf(string policy) => Table[policy];

    public static void Add(AuthorizationOptions options)
    {
        foreach (var (policy, roles) in Table)
        {
            options.AddPolicy(policy, p => p.RequireRole([.. roles]));
        }

        options.AddPolicy(Self, p => p.RequireAuthenticatedUser());

        // Deny by default: what says nothing is for staff with a role.
        options.DefaultPolicy = options.GetPolicy(Read)!;
        options.FallbackPolicy = options.GetPolicy(Read);
    }
}
