namespace DomainGuard.Web.Auth;

/// <summary>Roles of staff. They add up (product section 2).</summary>
internal static class Roles
{
    /// <summary>Scans, policy, sources, import, staff, clock.</summary>
    public const string Administrator = "Administrator";

    /// <summary>Decides, rescans one domain or one account.</summary>
    public const string Analyst = "Analyst";

    /// <summary>Reads everything, changes nothing.</summary>
    public const string Auditor = "Auditor";

    public static IReadOnlyList<string> All { get; } = [Administrator, Analyst, Auditor];
}

/// <summary>What a role may do. Every page, endpoint and operation asks for one of these.</summary>
internal static class Policies
{
    /// <summary>Read the console: any role.</summary>
    public const string Read = "Read";

    /// <summary>Rescan one domain or one account: Analyst, Administrator.</summary>
    public const string RescanOne = "RescanOne";

    /// <summary>Run the machine: Administrator.</summary>
    public const string Operate = "Operate";

    public static void Add(Microsoft.AspNetCore.Authorization.AuthorizationOptions options)
    {
        options.AddPolicy(Read, p => p.RequireRole([.. Roles.All]));
        options.AddPolicy(RescanOne, p => p.RequireRole(Roles.Administrator, Roles.Analyst));
        options.AddPolicy(Operate, p => p.RequireRole(Roles.Administrator));
        // Deny by default: what says nothing is for staff with a role.
        options.DefaultPolicy = options.GetPolicy(Read)!;
        options.FallbackPolicy = options.GetPolicy(Read);
    }
}
