using System.Collections.Frozen;
using System.Security.Claims;
using DomainGuard.Data.Api;
using Microsoft.AspNetCore.Authorization;

namespace DomainGuard.Web.Features.Api;

/// <summary>What a key may do, as the API calls it: each is also the name of the authorisation policy that asks for it.</summary>
internal static class ApiScope
{
    /// <summary>Tell accounts and verifications.</summary>
    public const string AccountsWrite = "accounts:write";

    /// <summary>Read accounts and domains.</summary>
    public const string AccountsRead = "accounts:read";

    /// <summary>Ask the gate.</summary>
    public const string RecoveryCheck = "recovery:check";

    /// <summary>Start, watch and control scans.</summary>
    public const string ScansRun = "scans:run";

    /// <summary>Read cases.</summary>
    public const string CasesRead = "cases:read";

    /// <summary>Decide cases.</summary>
    public const string CasesDecide = "cases:decide";

    /// <summary>Read the audit trail.</summary>
    public const string AuditRead = "audit:read";

    /// <summary>Manage receivers of events.</summary>
    public const string WebhooksManage = "webhooks:manage";

    /// <summary>Kind of the claim that carries one.</summary>
    public const string Claim = "scope";

    private static readonly FrozenDictionary<string, ApiScopes> Table = new Dictionary<string, ApiScopes>
    {
        [AccountsWrite] = ApiScopes.AccountsWrite,
        [AccountsRead] = ApiScopes.AccountsRead,
        [RecoveryCheck] = ApiScopes.RecoveryCheck,
        [ScansRun] = ApiScopes.ScansRun,
        [CasesRead] = ApiScopes.CasesRead,
        [CasesDecide] = ApiScopes.CasesDecide,
        [AuditRead] = ApiScopes.AuditRead,
        [WebhooksManage] = ApiScopes.WebhooksManage,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>All of them, in the order of the screens.</summary>
    public static IReadOnlyList<string> All { get; } = [AccountsWrite, AccountsRead, RecoveryCheck, ScansRun, CasesRead, CasesDecide, AuditRead, WebhooksManage];

    /// <summary>Every scope at once.</summary>
    public static ApiScopes Every { get; } = Table.Values.Aggregate((a, b) => a | b);

    /// <summary>The names of a set.</summary>
    public static IEnumerable<string> Names(ApiScopes scopes) => All.Where(s => scopes.HasFlag(Table[s]));

    /// <summary>The set of names; null when one of them is none.</summary>
    public static ApiScopes? Of(IEnumerable<string> names)
    {
        var scopes = ApiScopes.None;
        foreach (var name in names)
        {
            if (!Table.TryGetValue(name, out var scope))
            {
                return null;
            }

            scopes |= scope;
        }

        return scopes;
    }

    /// <summary>Adds a policy per scope. Each asks for a key and nothing else: what a cookie says does not count.</summary>
    public static void AddPolicies(AuthorizationOptions options)
    {
        foreach (var scope in All)
        {
            options.AddPolicy(scope, p => p.AddAuthenticationSchemes(ApiKeyHandler.Scheme).RequireClaim(Claim, scope));
        }
    }

    /// <summary>The claims of a set.</summary>
    public static IEnumerable<Claim> ClaimsOf(ApiScopes scopes) => Names(scopes).Select(s => new Claim(Claim, s));
}
