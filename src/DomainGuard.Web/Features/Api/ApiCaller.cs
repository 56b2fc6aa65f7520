using DomainGuard.Core.Audit;
using DomainGuard.Data.Api;
using DomainGuard.Web.Auth;

namespace DomainGuard.Web.Features.Api;

/// <summary>Who calls the API. An endpoint of the group gets it as a parameter.</summary>
/// <param name="KeyId">The key; empty for the key of the demonstration.</param>
/// <param name="Name">What the key is called.</param>
/// <param name="Scopes">What it may do.</param>
/// <param name="From">The IP address that it comes from.</param>
internal sealed record ApiCaller(Guid KeyId, string Name, ApiScopes Scopes, string? From)
{
    /// <summary>It in the audit trail.</summary>
    public AuditActor Actor => KeyId == Guid.Empty ? new AuditActor(AuditActorKind.Key, "demonstration", From) : AuditActor.Key(KeyId, From);

    /// <summary>It as who asks for something; its scope said that it may.</summary>
    public Requester Requester => new(Actor, "API key " + Name);

    /// <summary>The caller of a request behind the group.</summary>
    /// <exception cref="InvalidOperationException">The endpoint is not behind the group.</exception>
    public static ApiCaller Of(HttpContext context) => context.Features.Get<ApiCaller>() ?? throw new InvalidOperationException("The request carries no key of the API.");

    /// <summary>For minimal API parameters.</summary>
    public static ValueTask<ApiCaller?> BindAsync(HttpContext context) => ValueTask.FromResult<ApiCaller?>(Of(context));
}
