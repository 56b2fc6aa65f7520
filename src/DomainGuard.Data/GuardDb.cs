using DomainGuard.Data.Accounts;
using DomainGuard.Data.Api;
using DomainGuard.Data.Audit;
using DomainGuard.Data.Cases;
using DomainGuard.Data.Conventions;
using DomainGuard.Data.Domains;
using DomainGuard.Data.Exports;
using DomainGuard.Data.Gate;
using DomainGuard.Data.Imports;
using DomainGuard.Data.Mails;
using DomainGuard.Data.Policies;
using DomainGuard.Data.Scans;
using DomainGuard.Data.Settings;
using DomainGuard.Data.Sources;
using DomainGuard.Data.Staff;
using DomainGuard.Data.Webhooks;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Identity.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Data;

/// <summary>Everything that DomainGuard keeps. One sealed context per database product derives from it; the model is the same but for column types.</summary>
public abstract class GuardDb(DbContextOptions options) : IdentityDbContext<GuardUser, IdentityRole<Guid>, Guid>(options)
{
    /// <summary>Users of the protected platform.</summary>
    public DbSet<Account> Accounts => Set<Account>();

    /// <summary>Their e-mail addresses.</summary>
    public DbSet<Address> Addresses => Set<Address>();

    /// <summary>Watched domains and their latest verdict.</summary>
    public DbSet<Domain> Domains => Set<Domain>();

    /// <summary>Mail hosts below them.</summary>
    public DbSet<MailHost> MailHosts => Set<MailHost>();

    /// <summary>Whose mail goes to whose hosts.</summary>
    public DbSet<MxLink> MxLinks => Set<MxLink>();

    /// <summary>What the sources said.</summary>
    public DbSet<StoredObservation> Observations => Set<StoredObservation>();

    /// <summary>History of verdicts.</summary>
    public DbSet<PhaseSpan> PhaseSpans => Set<PhaseSpan>();

    /// <summary>Facts of the holders.</summary>
    public DbSet<Baseline> Baselines => Set<Baseline>();

    /// <summary>Scans.</summary>
    public DbSet<Scan> Scans => Set<Scan>();

    /// <summary>Their parts per upstream host.</summary>
    public DbSet<ScanLane> ScanLanes => Set<ScanLane>();

    /// <summary>Their lists of domains.</summary>
    public DbSet<ScanItem> ScanItems => Set<ScanItem>();

    /// <summary>Upstream hosts.</summary>
    public DbSet<Lane> Lanes => Set<Lane>();

    /// <summary>Spent budgets.</summary>
    public DbSet<BudgetDay> BudgetDays => Set<BudgetDay>();

    /// <summary>Last good copy of the IANA bootstrap file.</summary>
    public DbSet<BootstrapCopy> BootstrapCopies => Set<BootstrapCopy>();

    /// <summary>Files taken in.</summary>
    public DbSet<Import> Imports => Set<Import>();

    /// <summary>Their staged rows.</summary>
    public DbSet<ImportRow> ImportRows => Set<ImportRow>();

    /// <summary>Their rejected lines.</summary>
    public DbSet<ImportRejection> ImportRejections => Set<ImportRejection>();

    /// <summary>Small shared facts.</summary>
    public DbSet<Setting> Settings => Set<Setting>();

    /// <summary>Versions of the policy.</summary>
    public DbSet<PolicyVersion> PolicyVersions => Set<PolicyVersion>();

    /// <summary>Changes that wait for a second person.</summary>
    public DbSet<PolicyProposal> PolicyProposals => Set<PolicyProposal>();

    /// <summary>Cases.</summary>
    public DbSet<Case> Cases => Set<Case>();

    /// <summary>What was done to them.</summary>
    public DbSet<Decision> Decisions => Set<Decision>();

    /// <summary>Un-verifications that wait for an administrator.</summary>
    public DbSet<Batch> Batches => Set<Batch>();

    /// <summary>Their cases.</summary>
    public DbSet<BatchItem> BatchItems => Set<BatchItem>();

    /// <summary>Whose turn it is to carry findings out: one row.</summary>
    public DbSet<FindingsTurn> FindingsTurns => Set<FindingsTurn>();

    /// <summary>Decisions on many cases at once.</summary>
    public DbSet<Bulk> Bulks => Set<Bulk>();

    /// <summary>Their frozen lists.</summary>
    public DbSet<BulkItem> BulkItems => Set<BulkItem>();

    /// <summary>The audit trail.</summary>
    public DbSet<AuditEntry> AuditEntries => Set<AuditEntry>();

    /// <summary>One-time links for new staff.</summary>
    public DbSet<Invitation> Invitations => Set<Invitation>();

    /// <summary>Views of the queue that staff kept.</summary>
    public DbSet<SavedView> SavedViews => Set<SavedView>();

    /// <summary>Wrong tries to sign in.</summary>
    public DbSet<SignInTry> SignInTries => Set<SignInTry>();

    /// <summary>How far it is sealed, and by whom.</summary>
    public DbSet<AuditHead> AuditHeads => Set<AuditHead>();

    /// <summary>What can be shown to a stranger of it.</summary>
    public DbSet<AuditCheckpoint> AuditCheckpoints => Set<AuditCheckpoint>();

    /// <summary>Exports.</summary>
    public DbSet<Export> Exports => Set<Export>();

    /// <summary>Answers of the gate.</summary>
    public DbSet<RecoveryCheck> RecoveryChecks => Set<RecoveryCheck>();

    /// <summary>Keys of the API.</summary>
    public DbSet<ApiKey> ApiKeys => Set<ApiKey>();

    /// <summary>Receivers of events.</summary>
    public DbSet<WebhookEndpoint> WebhookEndpoints => Set<WebhookEndpoint>();

    /// <summary>Events.</summary>
    public DbSet<WebhookEvent> WebhookEvents => Set<WebhookEvent>();

    /// <summary>Events on their way.</summary>
    public DbSet<WebhookDelivery> WebhookDeliveries => Set<WebhookDelivery>();

    /// <summary>Facts that become events.</summary>
    public DbSet<Notice> Notices => Set<Notice>();

    /// <summary>How far those who follow the audit trail have read it.</summary>
    public DbSet<EventHead> EventHeads => Set<EventHead>();

    /// <summary>Answers of the API that are given again to who asks again.</summary>
    public DbSet<KeptAnswer> KeptAnswers => Set<KeptAnswer>();

    /// <summary>What staff are told.</summary>
    public DbSet<MailNews> MailNews => Set<MailNews>();

    /// <summary>Who of them wants what.</summary>
    public DbSet<MailChoice> MailChoices => Set<MailChoice>();

    /// <summary>Mails on their way.</summary>
    public DbSet<Mail> Mails => Set<Mail>();

    /// <summary>Blocks of keys.</summary>
    public DbSet<IdBlock> IdBlocks => Set<IdBlock>();

    /// <inheritdoc />
    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        base.ConfigureConventions(configurationBuilder);
        UtcConvention.Apply(configurationBuilder, InstantColumnType);
    }

    /// <inheritdoc />
    protected override void OnModelCreating(ModelBuilder builder)
    {
        base.OnModelCreating(builder);
        builder.ApplyConfigurationsFromAssembly(typeof(GuardDb).Assembly);
        ModelRules.Apply(builder, BinaryCollation);
    }

    /// <summary>Column type of an instant; null leaves it to the provider.</summary>
    protected abstract string? InstantColumnType { get; }

    /// <summary>Collation that compares byte by byte; null where that is the default.</summary>
    protected abstract string? BinaryCollation { get; }
}
