using System.Threading.Channels;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace DomainGuard.Client;

/// <summary>How the gate stands before Identity's password reset.</summary>
/// <typeparam name="TUser">The user class of Identity.</typeparam>
public sealed class RecoveryGateOptions<TUser>
    where TUser : class
{
    /// <summary>By what id DomainGuard knows a user: the one that the accounts were told with. By default that of <see cref="IdentityUser"/>; every other class of users has to say.</summary>
    public Func<TUser, string>? AccountId { get; set; } = typeof(IdentityUser).IsAssignableFrom(typeof(TUser)) ? user => ((IdentityUser)(object)user).Id : null;

    /// <summary>What happens to a mail when DomainGuard does not answer: <see cref="RecoveryFailMode.Allow"/> sends it, everything else withholds it.</summary>
    public RecoveryFailMode FailMode { get; set; } = RecoveryFailMode.Review;

    /// <summary>How long DomainGuard is waited for. Nobody waits at the other end: the page was answered long before.</summary>
    public TimeSpan Deadline { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Mails that wait at most. One more is not sent, and that is logged.</summary>
    public int QueueCapacity { get; set; } = 1_000;
}

/// <summary>A reset mail that the gate withheld.</summary>
/// <typeparam name="TUser">The user class of Identity.</typeparam>
/// <param name="User">Who asked for it, or whom somebody pretends to be.</param>
/// <param name="Email">The address that it would have gone to.</param>
/// <param name="Result">Why, and what can be done instead.</param>
public sealed record WithheldRecovery<TUser>(TUser User, string Email, RecoveryResult Result)
    where TUser : class;

/// <summary>
/// Is told of every reset mail that was withheld, so that an honest holder has another door: by another address that is verified, by his second factor, by a person. Registered in the
/// container, with any lifetime; without one, mails are withheld silently. It runs in a scope of its own, after the page was answered.
/// </summary>
/// <typeparam name="TUser">The user class of Identity.</typeparam>
public interface IRecoveryWithheldHandler<TUser>
    where TUser : class
{
    /// <summary>A mail was withheld.</summary>
    /// <param name="withheld">Whose, and why.</param>
    /// <param name="cancel">The application stops.</param>
    Task WithheldAsync(WithheldRecovery<TUser> withheld, CancellationToken cancel);
}

internal sealed class RecoveryGateOptionsValidator<TUser> : IValidateOptions<RecoveryGateOptions<TUser>>
    where TUser : class
{
    public ValidateOptionsResult Validate(string? name, RecoveryGateOptions<TUser> options)
    {
        var problems = new List<string>();
        if (options.AccountId is null)
        {
            problems.Add($"AddDomainGuardRecovery: say by what id DomainGuard knows a {typeof(TUser).Name} (AccountId).");
        }

        if (options.Deadline <= TimeSpan.Zero || options.Deadline > TimeSpan.FromMinutes(5))
        {
            problems.Add("AddDomainGuardRecovery: the Deadline lies between 0 and 5 minutes.");
        }

        if (options.QueueCapacity < 1)
        {
            problems.Add("AddDomainGuardRecovery: the QueueCapacity is at least 1.");
        }

        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }
}

/// <summary>Stands in the place of the sender: what resets a password goes to the gate, everything else to the sender itself.</summary>
internal sealed class GatedEmailSender<TUser>([FromKeyedServices(RecoveryGate<TUser>.InnerKey)] IEmailSender<TUser> inner, RecoveryGate<TUser> gate) : IEmailSender<TUser>
    where TUser : class
{
    public Task SendConfirmationLinkAsync(TUser user, string email, string confirmationLink) => inner.SendConfirmationLinkAsync(user, email, confirmationLink);

    public Task SendPasswordResetLinkAsync(TUser user, string email, string resetLink)
    {
        gate.Post(user, email, sender => sender.SendPasswordResetLinkAsync(user, email, resetLink));
        return Task.CompletedTask;
    }

    public Task SendPasswordResetCodeAsync(TUser user, string email, string resetCode)
    {
        gate.Post(user, email, sender => sender.SendPasswordResetCodeAsync(user, email, resetCode));
        return Task.CompletedTask;
    }
}

/// <summary>
/// Asks and sends in the background: the page is answered as fast for an account that exists as for one that does not. What waits is in memory only: when the process dies, the person asks
/// again. What was taken in is never dropped for what comes later, so a flood does not wash away those who came before it.
/// </summary>
internal sealed partial class RecoveryGate<TUser> : IHostedService
    where TUser : class
{
    /// <summary>Under which the sender is registered before which the gate stands.</summary>
    public const string InnerKey = "DomainGuard.Client.Recovery";

    private const int AtOnce = 8;
    private readonly DomainGuardClient _client;
    private readonly RecoveryGateOptions<TUser> _options;
    private readonly IServiceScopeFactory _scopes;
    private readonly ILogger<DomainGuardClient> _log;
    private readonly Channel<Mail> _mails;
    private readonly CancellationTokenSource _stop = new();
    private Task _work = Task.CompletedTask;
    private int _unfinished;

    public RecoveryGate(DomainGuardClient client, IOptions<RecoveryGateOptions<TUser>> options, IServiceScopeFactory scopes, ILogger<DomainGuardClient> log)
    {
        (_client, _options, _scopes, _log) = (client, options.Value, scopes, log);
        _mails = Channel.CreateBounded<Mail>(new BoundedChannelOptions(_options.QueueCapacity));
    }

    /// <summary>The registration of the sender under <see cref="InnerKey"/>, with its lifetime.</summary>
    public static ServiceDescriptor Inner(ServiceDescriptor sender) => sender switch
    {
        { ImplementationInstance: { } instance } => ServiceDescriptor.KeyedSingleton(typeof(IEmailSender<TUser>), InnerKey, instance),
        { ImplementationFactory: { } factory } => ServiceDescriptor.DescribeKeyed(typeof(IEmailSender<TUser>), InnerKey, (services, _) => factory(services), sender.Lifetime),
        { ImplementationType: { IsGenericTypeDefinition: true } open } => ServiceDescriptor.DescribeKeyed(typeof(IEmailSender<TUser>), InnerKey, open.MakeGenericType(typeof(TUser)), sender.Lifetime),
        _ => ServiceDescriptor.DescribeKeyed(typeof(IEmailSender<TUser>), InnerKey, sender.ImplementationType!, sender.Lifetime),
    };

    /// <summary>Takes a mail in and returns at once.</summary>
    public void Post(TUser user, string email, Func<IEmailSender<TUser>, Task> send)
    {
        var account = _options.AccountId!(user);
        Interlocked.Increment(ref _unfinished);
        if (!_mails.Writer.TryWrite(new Mail(user, account, email, send)))
        {
            Interlocked.Decrement(ref _unfinished);
            Log.Full(_log, account);
        }
    }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await using (var scope = _scopes.CreateAsyncScope())
        {
            // A sender that was registered later would stand before the gate, unseen.
            if (scope.ServiceProvider.GetRequiredService<IEmailSender<TUser>>() is not GatedEmailSender<TUser>)
            {
                throw new InvalidOperationException($"An IEmailSender<{typeof(TUser).Name}> was registered after AddDomainGuardRecovery, so password resets would pass by the gate. Register it before.");
            }
        }

        _work = Task.WhenAll(Enumerable.Range(0, AtOnce).Select(_ => Task.Run(WorkAsync, CancellationToken.None)));
    }

    /// <summary>Takes nothing in any more, and waits for what was: as long as the host does.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        _mails.Writer.TryComplete();
        try
        {
            await _work.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            Log.Left(_log, Volatile.Read(ref _unfinished));
            await _stop.CancelAsync();
        }
    }

    private async Task WorkAsync()
    {
        await foreach (var mail in _mails.Reader.ReadAllAsync(CancellationToken.None))
        {
            if (_stop.IsCancellationRequested)
            {
                return;
            }

            try
            {
                await CheckAndSendAsync(mail);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                // The words of a mail server hold the address: only the kind is logged.
                Log.Failed(_log, mail.Account, e.GetType().FullName!);
            }

            Interlocked.Decrement(ref _unfinished);
        }
    }

    private async Task CheckAndSendAsync(Mail mail)
    {
        var result = await _client.CheckRecoveryAsync(new RecoveryQuestion(mail.Email, mail.Account), _options.FailMode, _options.Deadline, _stop.Token);
        await using var scope = _scopes.CreateAsyncScope();
        if (result.MaySend)
        {
            await mail.SendAsync(scope.ServiceProvider.GetRequiredKeyedService<IEmailSender<TUser>>(InnerKey));
            await ConfirmAsync(result, mail.Account, RecoveryAction.Sent);
            return;
        }

        Log.Withheld(_log, mail.Account, result.Decision, result.Reason, result.Answer?.Id);
        await ConfirmAsync(result, mail.Account, RecoveryAction.Withheld);
        if (scope.ServiceProvider.GetService<IRecoveryWithheldHandler<TUser>>() is { } handler)
        {
            await handler.WithheldAsync(new WithheldRecovery<TUser>(mail.User, mail.Email, result), _stop.Token);
        }
    }

    // What was done is done, whether DomainGuard hears of it or not.
    private async Task ConfirmAsync(RecoveryResult result, string account, RecoveryAction action)
    {
        try
        {
            if (result.Answer is { } answer)
            {
                await _client.ConfirmRecoveryAsync(answer.Id, action, _stop.Token);
            }
        }
        catch (DomainGuardException e)
        {
            Log.NotConfirmed(_log, account, action, e.Word);
        }
    }

    private sealed record Mail(TUser User, string Account, string Email, Func<IEmailSender<TUser>, Task> SendAsync);

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "The reset mail of account {Account} is withheld: {Decision}, {Reason} ({Check})")]
        public static partial void Withheld(ILogger logger, string account, RecoveryDecision decision, string reason, string? check);

        [LoggerMessage(Level = LogLevel.Error, Message = "The reset mail of account {Account} was not sent: too many wait already, or the application stops")]
        public static partial void Full(ILogger logger, string account);

        [LoggerMessage(Level = LogLevel.Error, Message = "The reset mail of account {Account} failed: {Error}")]
        public static partial void Failed(ILogger logger, string account, string error);

        [LoggerMessage(Level = LogLevel.Error, Message = "The application stopped before {Count} reset mails were checked and sent")]
        public static partial void Left(ILogger logger, int count);

        [LoggerMessage(Level = LogLevel.Warning, Message = "DomainGuard was not told what became of the reset mail of account {Account} ({Action}): {Failure}")]
        public static partial void NotConfirmed(ILogger logger, string account, RecoveryAction action, string failure);
    }
}
