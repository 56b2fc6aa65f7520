using DomainGuard.Core.Audit;
using DomainGuard.Core.Events;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Audit;
using DomainGuard.Data.Webhooks;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Features.Audit;
using DomainGuard.Web.Hosting;
using DomainGuard.Web.Shared;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace DomainGuard.Web.Features.Webhooks;

/// <summary>What became of a change of receivers.</summary>
internal abstract record WebhookOutcome
{
    /// <summary>It is there, or has a new secret.</summary>
    /// <param name="Id">The receiver.</param>
    /// <param name="Secret">Told this once; null for a receiver that has none of ours.</param>
    internal sealed record Made(Guid Id, string? Secret) : WebhookOutcome;

    /// <summary>It was done.</summary>
    /// <param name="Count">To how many deliveries; 0 where none were meant.</param>
    internal sealed record Done(int Count = 0) : WebhookOutcome;

    /// <summary>Nothing was changed.</summary>
    /// <param name="Problem">Why, in words for the screen.</param>
    internal sealed record Refused(string Problem) : WebhookOutcome;

    internal static readonly Refused NeedsAdministrator = new("This needs the role Administrator.");

    internal static readonly Refused IsGone = new("This receiver is not there any more.");

    internal static readonly Refused Overtaken = new("Somebody else changed this receiver in the same moment. Nothing was changed by you: look again.");
}

/// <summary>What a person chooses of a receiver.</summary>
/// <param name="Name">What it is, 1 to 100 characters.</param>
/// <param name="Url">Where it is sent.</param>
/// <param name="Types">What it wants; at least one.</param>
/// <param name="Format">In which form; settled when it is made.</param>
/// <param name="Audience">"aud" of security event tokens; empty: the address.</param>
/// <param name="Token">Bearer token that a receiver of security event tokens asks for; null or empty: none, or the one that it has.</param>
internal sealed record WebhookWish(string Name, string Url, IReadOnlyCollection<EventType> Types, WebhookFormat Format = WebhookFormat.StandardWebhooks, string? Audience = null, string? Token = null);

/// <summary>Adds receivers, changes, switches and removes them.</summary>
internal sealed class ChangeWebhooks(
    IDbContextFactory<GuardDb> dbs, WebhookTransport transport, WebhookSecrets secrets, AuditKeys keys, IOptions<DomainGuardOptions> options, GuardClock clock, TimeProvider time)
{
    /// <summary>Receivers of an installation.</summary>
    internal const int Most = 50;

    /// <summary>How long the secret before signs too.</summary>
    internal static readonly TimeSpan Overlap = TimeSpan.FromHours(24);

    /// <summary>Adds one, switched on.</summary>
    public async Task<WebhookOutcome> CreateAsync(Requester by, WebhookWish wish, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(wish);
        if (!by.May(Policies.Operate))
        {
            return WebhookOutcome.NeedsAdministrator;
        }

        if (Problem(wish) is { } problem)
        {
            return new WebhookOutcome.Refused(problem);
        }

        await using var db = await dbs.CreateDbContextAsync(cancel);
        if (await db.WebhookEndpoints.CountAsync(cancel) >= Most)
        {
            return new WebhookOutcome.Refused($"There are {Most} receivers already. Remove one that is not needed.");
        }

        var isToken = wish.Format == WebhookFormat.SecurityEventToken;
        var secret = isToken ? Given(wish.Token) : WebhookSecrets.New();
        var now = time.GetUtcNow();
        var endpoint = new WebhookEndpoint
        {
            Id = Guid.CreateVersion7(now),
            Name = wish.Name.Trim(),
            Url = wish.Url.Trim(),
            Types = EventTypes.Bits(wish.Types),
            Format = wish.Format,
            Audience = isToken ? Given(wish.Audience) : null,
            Secret = secret is null ? null : secrets.Protect(secret),
            CreatedAt = now,
            Version = 1,
        };
        db.WebhookEndpoints.Add(endpoint);
        AuditTrail.Add(db, new AuditFact(AuditAction.WebhookCreated, by.Actor, clock.Now)
        {
            Subject = Subject(endpoint.Id),
            Changes = [("name", null, endpoint.Name), ("host", null, Host(endpoint.Url)), ("format", null, endpoint.Format), ("types", null, Names(endpoint.Types)), ("audience", null, endpoint.Audience)],
        });
        await db.SaveChangesAsync(cancel);
        return new WebhookOutcome.Made(endpoint.Id, isToken ? null : secret);
    }

    /// <summary>Changes name, address and choice; the form stays.</summary>
    /// <param name="by">Who.</param>
    /// <param name="id">The receiver.</param>
    /// <param name="version">The version that he read.</param>
    /// <param name="wish">What he wants.</param>
    /// <param name="cancel">Cancels.</param>
    public Task<WebhookOutcome> ChangeAsync(Requester by, Guid id, int version, WebhookWish wish, CancellationToken cancel) => WithAsync(by, id, version, endpoint =>
    {
        if (Problem(wish with { Format = endpoint.Format }) is { } problem)
        {
            return (null, new WebhookOutcome.Refused(problem));
        }

        var isToken = endpoint.Format == WebhookFormat.SecurityEventToken;
        IReadOnlyList<(string, object?, object?)> changes =
        [
            ("name", endpoint.Name, wish.Name.Trim()), ("host", Host(endpoint.Url), Host(wish.Url)), ("url", false, endpoint.Url != wish.Url.Trim()),
            ("types", Names(endpoint.Types), Names(EventTypes.Bits(wish.Types))), ("token", false, isToken && Given(wish.Token) is not null), ("audience", endpoint.Audience, isToken ? Given(wish.Audience) : null),
        ];
        (endpoint.Name, endpoint.Url, endpoint.Types) = (wish.Name.Trim(), wish.Url.Trim(), EventTypes.Bits(wish.Types));
        if (isToken)
        {
            endpoint.Audience = Given(wish.Audience);
            endpoint.Secret = Given(wish.Token) is { } token ? secrets.Protect(token) : endpoint.Secret;
        }

        return (changes, new WebhookOutcome.Done());
    }, cancel);

    /// <summary>Switches one on or off. Switched on, it begins anew: failures and rest are forgotten, and what waits is tried at once.</summary>
    public Task<WebhookOutcome> SwitchAsync(Requester by, Guid id, bool on, CancellationToken cancel) => WithAsync(by, id, null, endpoint =>
    {
        var to = on ? WebhookState.On : WebhookState.Off;
        if (endpoint.State == to)
        {
            return (null, new WebhookOutcome.Done());
        }

        var from = endpoint.State;
        (endpoint.State, endpoint.FailuresInRow, endpoint.RestUntil) = (to, 0, null);
        return ([("state", from, to)], new WebhookOutcome.Done());
    }, cancel);

    /// <summary>Gives one a new secret; the one before signs beside it for a day.</summary>
    public Task<WebhookOutcome> RotateAsync(Requester by, Guid id, CancellationToken cancel) => WithAsync(by, id, null, endpoint =>
    {
        if (endpoint.Format == WebhookFormat.SecurityEventToken)
        {
            return (null, new WebhookOutcome.Refused("Security event tokens are signed by the installation's key. Change the bearer token with the receiver's other settings."));
        }

        var secret = WebhookSecrets.New();
        var until = time.GetUtcNow() + Overlap;
        (endpoint.PreviousSecret, endpoint.PreviousUntil, endpoint.Secret) = (endpoint.Secret, until, secrets.Protect(secret));
        return ([("secret", "before", "after"), ("previousUntil", null, until)], new WebhookOutcome.Made(endpoint.Id, secret));
    }, cancel);

    /// <summary>Removes one, with what waits for it and its log. Nothing is sent to it any more.</summary>
    public async Task<WebhookOutcome> RemoveAsync(Requester by, Guid id, CancellationToken cancel)
    {
        // Off first: what is being sent ends, and nothing new comes while its log is taken away step by step.
        if (await SwitchAsync(by, id, on: false, cancel) is WebhookOutcome.Refused refused)
        {
            return refused;
        }

        await using var db = await dbs.CreateDbContextAsync(cancel);
        while (await db.WebhookDeliveries.Where(d => d.EndpointId == id).OrderBy(d => d.Id).Take(2_000).Select(d => (long?)d.Id).MaxAsync(cancel) is { } upTo)
        {
            await db.WebhookDeliveries.Where(d => d.EndpointId == id && d.Id <= upTo).ExecuteDeleteAsync(cancel);
        }

        if (await db.WebhookEndpoints.FirstOrDefaultAsync(e => e.Id == id, cancel) is not { } endpoint)
        {
            return WebhookOutcome.IsGone;
        }

        db.WebhookEndpoints.Remove(endpoint);
        AuditTrail.Add(db, new AuditFact(AuditAction.WebhookRemoved, by.Actor, clock.Now) { Subject = Subject(id), Changes = [("name", endpoint.Name, null), ("host", Host(endpoint.Url), null)] });
        try
        {
            await db.SaveChangesAsync(cancel);
        }
        catch (DbUpdateConcurrencyException)
        {
            return WebhookOutcome.Overtaken;
        }

        return new WebhookOutcome.Done();
    }

    /// <summary>A receiver in the audit trail.</summary>
    internal static string Subject(Guid id) => $"webhook {id:D}";

    private async Task<WebhookOutcome> WithAsync(
        Requester by, Guid id, int? version, Func<WebhookEndpoint, (IReadOnlyList<(string, object?, object?)>? Changes, WebhookOutcome Outcome)> change, CancellationToken cancel)
    {
        if (!by.May(Policies.Operate))
        {
            return WebhookOutcome.NeedsAdministrator;
        }

        await using var db = await dbs.CreateDbContextAsync(cancel);
        if (await db.WebhookEndpoints.FirstOrDefaultAsync(e => e.Id == id, cancel) is not { } endpoint)
        {
            return WebhookOutcome.IsGone;
        }

        if (version is { } read && read != endpoint.Version)
        {
            return WebhookOutcome.Overtaken;
        }

        var (changes, outcome) = change(endpoint);
        if (changes is null)
        {
            return outcome;
        }

        endpoint.Version++;
        AuditTrail.Add(db, new AuditFact(AuditAction.WebhookChanged, by.Actor, clock.Now) { Subject = Subject(id), Changes = changes });
        try
        {
            await db.SaveChangesAsync(cancel);
        }
        catch (DbUpdateConcurrencyException)
        {
            return WebhookOutcome.Overtaken;
        }

        return outcome;
    }

    private string? Problem(WebhookWish wish) =>
        !KeptText.IsName(wish.Name.Trim(), 100) ? "Name the receiver, in at most 100 characters of text."
        : transport.Problem(wish.Url.Trim(), out _) is { } problem ? problem
        : wish.Types.Count == 0 ? "Choose at least one kind of event."
        : wish.Format == WebhookFormat.StandardWebhooks ? null
        : !string.IsNullOrWhiteSpace(wish.Audience) && !KeptText.IsName(wish.Audience.Trim(), 300) ? "An audience has at most 300 characters of text."
        : wish.Token?.Trim().Length > 500 || wish.Token?.Trim().Any(c => c is <= ' ' or > '~') == true ? "A bearer token has at most 500 characters of ASCII, without spaces."
        : keys.Signing is null ? "Security event tokens are signed: set DomainGuard:Audit:SigningKeyFile first."
        : options.Value.PublicUrl.Length == 0 ? "Security event tokens name their issuer: set DomainGuard:PublicUrl first."
        : null;

    private static string? Given(string? text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();

    // The whole address may hold a secret of the receiver: the trail names the host.
    private static string Host(string url) => Uri.TryCreate(url.Trim(), UriKind.Absolute, out var parsed) ? parsed.Authority : "";

    private static string Names(int types) => string.Join(' ', EventTypes.Choosable.Where(t => EventTypes.Holds(types, t)).Select(EventTypes.Name));
}

/// <summary>Sends a receiver something once more, or something to try it with.</summary>
internal sealed class ReplayDeliveries(IDbContextFactory<GuardDb> dbs, IdAllocator ids, GuardClock clock, TimeProvider time)
{
    private const int Step = 2_000;

    /// <summary>One delivery, delivered or dead: tried again from the beginning, with the same id.</summary>
    public async Task<WebhookOutcome> OneAsync(Requester by, Guid endpointId, long deliveryId, CancellationToken cancel)
    {
        if (!by.May(Policies.Operate))
        {
            return WebhookOutcome.NeedsAdministrator;
        }

        await using var db = await dbs.CreateDbContextAsync(cancel);
        var count = await AgainAsync(db, by, endpointId, d => d.Where(x => x.Id == deliveryId && x.State != DeliveryState.Waiting), cancel);
        return count == 0 ? new WebhookOutcome.Refused("It is on its way already, or not there any more.") : new WebhookOutcome.Done(count);
    }

    /// <summary>All dead letters of a receiver.</summary>
    public async Task<WebhookOutcome> DeadAsync(Requester by, Guid endpointId, CancellationToken cancel)
    {
        if (!by.May(Policies.Operate))
        {
            return WebhookOutcome.NeedsAdministrator;
        }

        await using var db = await dbs.CreateDbContextAsync(cancel);
        var count = 0;
        while (await db.WebhookDeliveries.Where(d => d.EndpointId == endpointId && d.State == DeliveryState.Dead).OrderBy(d => d.Id).Take(Step).Select(d => (long?)d.Id).MaxAsync(cancel) is { } upTo)
        {
            count += await AgainAsync(db, by, endpointId, d => d.Where(x => x.State == DeliveryState.Dead && x.Id <= upTo), cancel);
        }

        return count == 0 ? new WebhookOutcome.Refused("There is no dead letter.") : new WebhookOutcome.Done(count);
    }

    /// <summary>An event of type <c>webhook.test</c>, for this receiver alone.</summary>
    public async Task<WebhookOutcome> TestAsync(Requester by, Guid endpointId, CancellationToken cancel)
    {
        if (!by.May(Policies.Operate))
        {
            return WebhookOutcome.NeedsAdministrator;
        }

        var id = await ids.ReserveAsync(IdAllocator.Delivery, 1, cancel);
        await using var db = await dbs.CreateDbContextAsync(cancel);
        if (await db.WebhookEndpoints.AsNoTracking().FirstOrDefaultAsync(e => e.Id == endpointId, cancel) is not { } endpoint)
        {
            return WebhookOutcome.IsGone;
        }

        if (endpoint.State != WebhookState.On)
        {
            return new WebhookOutcome.Refused("This receiver is switched off. Switch it on first.");
        }

        var now = time.GetUtcNow();
        var told = new WebhookEvent
        {
            Id = Guid.CreateVersion7(now),
            Type = EventType.WebhookTest,
            At = clock.Now,
            Body = ReadEvents.Body(EventType.WebhookTest, clock.Now, new System.Text.Json.Nodes.JsonObject { ["receiver"] = endpoint.Name }),
            CreatedAt = now,
        };
        db.WebhookEvents.Add(told);
        db.WebhookDeliveries.Add(new WebhookDelivery { Id = id, EndpointId = endpointId, EventId = told.Id, NextTryAt = now, CreatedAt = now });
        await db.SaveChangesAsync(cancel);
        return new WebhookOutcome.Done(1);
    }

    private async Task<int> AgainAsync(GuardDb db, Requester by, Guid endpointId, Func<IQueryable<WebhookDelivery>, IQueryable<WebhookDelivery>> which, CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        await using var transaction = await db.Database.BeginTransactionAsync(cancel);
        var count = await which(db.WebhookDeliveries.Where(d => d.EndpointId == endpointId))
            .ExecuteUpdateAsync(s => s.SetProperty(d => d.State, DeliveryState.Waiting).SetProperty(d => d.Tries, 0).SetProperty(d => d.NextTryAt, now), cancel);
        if (count > 0)
        {
            AuditTrail.Add(db, new AuditFact(AuditAction.WebhookReplayed, by.Actor, clock.Now) { Subject = ChangeWebhooks.Subject(endpointId), Changes = [("count", null, count)] });
            await db.SaveChangesAsync(cancel);
        }

        await transaction.CommitAsync(cancel);
        db.ChangeTracker.Clear();
        return count;
    }
}
