namespace DomainGuard.Web.Features.Triage;

internal static class TriageServices
{
    /// <summary>Registers what is done to cases by people. Needs the database, a guard clock and <see cref="TimeProvider"/>.</summary>
    public static IServiceCollection AddTriage(this IServiceCollection services)
    {
        services.AddSingleton<CaseNotifier>();
        services.AddSingleton<DecideCases>();
        services.AddSingleton<UndoDecision>();
        services.AddSingleton<AssignCases>();
        services.AddSingleton<CommentOnCase>();
        services.AddSingleton<ChangeOwnViews>();
        services.AddSingleton<FreezeCases>();
        services.AddSingleton<DecideBulk>();
        services.AddTransient<BulkJob>();
        services.AddSingleton<DecideBatch>();

        services.AddSingleton<CaseQueries>();
        services.AddSingleton<CaseDetails>();
        services.AddSingleton<BulkQueries>();
        services.AddSingleton<BatchQueries>();
        return services;
    }
}
