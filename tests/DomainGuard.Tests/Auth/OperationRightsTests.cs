using System.Reflection;
using System.Runtime.CompilerServices;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Features.Api;
using DomainGuard.Web.Features.Exports;
using DomainGuard.Web.Features.Findings;
using DomainGuard.Web.Features.Gate;
using DomainGuard.Web.Features.Imports;
using DomainGuard.Web.Features.Notifications;
using DomainGuard.Web.Features.Policy;
using DomainGuard.Web.Features.SignIn;
using DomainGuard.Web.Features.Staff;
using DomainGuard.Web.Features.Sync;
using DomainGuard.Web.Features.Triage;
using Microsoft.Extensions.DependencyInjection;

namespace DomainGuard.Tests.Auth;

/// <summary>
/// Every changing operation asks who asks. The operations are found by reflection (a method that takes a <see cref="StaffMember"/>); each must stand in the table with the right that it
/// needs, and each refuses every set of roles without that right, before it looks at anything else.
/// </summary>
public sealed class OperationRightsTests(AccessFixture fixture) : IClassFixture<AccessFixture>
{
    /// <summary>Operation, method, right. A new operation needs a line here.</summary>
    private static readonly (Type Operation, string Method, string Right)[] Table =
    [
        (typeof(InviteStaff), nameof(InviteStaff.ExecuteAsync), Policies.Operate),
        (typeof(RevokeInvitation), nameof(RevokeInvitation.ExecuteAsync), Policies.Operate),
        (typeof(ChangeStaffRoles), nameof(ChangeStaffRoles.ExecuteAsync), Policies.Operate),
        (typeof(LockStaff), nameof(LockStaff.ExecuteAsync), Policies.Operate),
        (typeof(UnlockStaff), nameof(UnlockStaff.ExecuteAsync), Policies.Operate),
        (typeof(ResetSecondFactor), nameof(ResetSecondFactor.ExecuteAsync), Policies.Operate),
        (typeof(RemoveStaff), nameof(RemoveStaff.ExecuteAsync), Policies.Operate),
        (typeof(AssignCases), nameof(AssignCases.ExecuteAsync), Policies.Decide),
        (typeof(CommentOnCase), nameof(CommentOnCase.ExecuteAsync), Policies.Decide),
        (typeof(DecideCases), nameof(DecideCases.ExecuteAsync), Policies.Decide),
        (typeof(DecideBulk), nameof(DecideBulk.ExecuteAsync), Policies.Decide),
        (typeof(FreezeCases), nameof(FreezeCases.ExecuteAsync), Policies.Decide),
        (typeof(UndoDecision), nameof(UndoDecision.ExecuteAsync), Policies.Decide),
        (typeof(DecideBatch), nameof(DecideBatch.ExecuteAsync), Policies.Operate),
        (typeof(EndObserveOnly), nameof(EndObserveOnly.ExecuteAsync), Policies.Operate),
        (typeof(CreateKey), nameof(CreateKey.ExecuteAsync), Policies.Operate),
        (typeof(RotateKey), nameof(RotateKey.ExecuteAsync), Policies.Operate),
        (typeof(RevokeKey), nameof(RevokeKey.ExecuteAsync), Policies.Operate),
        (typeof(PreviewRecovery), nameof(PreviewRecovery.ExecuteAsync), Policies.Read),
        (typeof(PreviewRecovery), nameof(PreviewRecovery.FreshAsync), Policies.Decide),
        (typeof(ConfirmImport), nameof(ConfirmImport.ExecuteAsync), Policies.Operate),
        (typeof(StartSqlSync), nameof(StartSqlSync.ExecuteAsync), Policies.Operate),
        (typeof(PreviewSqlSource), nameof(PreviewSqlSource.ExecuteAsync), Policies.Operate),
        (typeof(SavePolicy), nameof(SavePolicy.ExecuteAsync), Policies.Operate),
        (typeof(ProposePolicy), nameof(ProposePolicy.ExecuteAsync), Policies.Operate),
        (typeof(ProposePolicy), nameof(ProposePolicy.EndSecondPersonAsync), Policies.Operate),
        (typeof(DecideProposal), nameof(DecideProposal.ExecuteAsync), Policies.Operate),
        (typeof(ChangeSetting), nameof(ChangeSetting.OnlyObserveAsync), Policies.Operate),
        (typeof(ChangeSetting), nameof(ChangeSetting.RequireSecondPersonAsync), Policies.Operate),
        (typeof(PreviewPolicy), nameof(PreviewPolicy.ExecuteAsync), Policies.Read),
        (typeof(RequestExport), nameof(RequestExport.ExecuteAsync), Policies.Export),
        (typeof(FetchExport), nameof(FetchExport.ExecuteAsync), Policies.Export),
    ];

    /// <summary>Those that give something out: to who lacks the right, nothing.</summary>
    private static readonly Type[] GiveNothing = [typeof(PreviewPolicy), typeof(FetchExport)];

    /// <summary>What goes on with a decision that was asked for with the right, after its process died.</summary>
    private const string GoesOn = "DomainGuard.Web.Features.Triage.DecideBulk.CarryOutAsync";

    /// <summary>What a person does to nobody but himself, whatever his roles.</summary>
    private static readonly Type[] OwnAffairs = [typeof(ChangeOwnSignIn), typeof(ChangeOwnMail), typeof(ChangeOwnViews)];

    public static TheoryData<string, string, string> Refusals
    {
        get
        {
            var data = new TheoryData<string, string, string>();
            foreach (var (operation, method, right) in Table)
            {
                foreach (var roles in Subsets().Where(r => !Policies.RolesOf(right).Any(r.Contains)))
                {
                    data.Add(operation.FullName!, method, string.Join(',', roles));
                }
            }

            return data;
        }
    }

    [Fact]
    public void Every_operation_that_a_person_may_ask_for_has_its_right()
    {
        var found = typeof(StaffMember).Assembly.GetTypes()
            .Where(t => t is { IsClass: true } && t != typeof(StaffMember) && !t.IsDefined(typeof(CompilerGeneratedAttribute)) && !OwnAffairs.Contains(t) && t.Namespace?.StartsWith("DomainGuard.Web.Features", StringComparison.Ordinal) == true)
            .SelectMany(Asked).Select(m => $"{m.DeclaringType!.FullName}.{m.Name}").Where(n => n != GoesOn).Distinct().Order();
        Assert.Equal(Table.Select(t => $"{t.Operation.FullName}.{t.Method}").Distinct().Order(), found);
    }

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task Operation_refuses_who_lacks_the_right(string operation, string method, string roles)
    {
        var type = Table.First(t => t.Operation.FullName == operation).Operation;
        await using var scope = fixture.App.App.Services.CreateAsyncScope();
        var instance = scope.ServiceProvider.GetRequiredService(type);
        var by = new StaffMember(Guid.CreateVersion7(), "Somebody", roles.Split(',', StringSplitOptions.RemoveEmptyEntries).ToHashSet(), "192.0.2.1");
        foreach (var asked in Asked(type).Where(m => m.Name == method))
        {
            var task = (Task)asked.Invoke(instance, [.. asked.GetParameters().Select(p => p.ParameterType == typeof(StaffMember) ? by : Anything(p))])!;
            await task;
            var outcome = task.GetType().GetProperty("Result")!.GetValue(task);
            // A nested record "Refused" of the operation's outcome, or the words of what speaks against it.
            Assert.True(outcome is string { Length: > 0 } or FreezeOutcome { Problem: not null } || outcome?.GetType().Name == "Refused" || (outcome is null && GiveNothing.Contains(type)), $"{type.Name}.{method} answered {outcome} to roles '{roles}'");
        }
    }

    private static IEnumerable<MethodInfo> Asked(Type type) => type.GetMethods(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.DeclaredOnly)
        .Where(m => !m.IsPrivate && !m.IsSpecialName && m.GetParameters().Any(p => p.ParameterType == typeof(StaffMember)));

    // The right is asked first, so what else is handed over does not matter.
    private static object? Anything(ParameterInfo parameter)
    {
        var type = parameter.ParameterType;
        return type == typeof(string) ? "x"
            : type == typeof(CancellationToken) ? CancellationToken.None
            : type.IsAssignableFrom(typeof(string[])) ? new[] { Roles.Auditor }
            : type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>) ? Array.CreateInstance(type.GetGenericArguments()[0], 0)
            : type.IsValueType ? Activator.CreateInstance(type)
            : type.IsInterface || type.IsAbstract || type.IsArray || typeof(Delegate).IsAssignableFrom(type) ? null
            : RuntimeHelpers.GetUninitializedObject(type);
    }

    private static IEnumerable<string[]> Subsets()
    {
        for (var bits = 0; bits < 1 << Roles.All.Count; bits++)
        {
            yield return [.. Roles.All.Where((_, i) => (bits & (1 << i)) != 0)];
        }
    }
}
