using Syncline.Sqlite;

namespace Syncline.Conformance.Sqlite.PowerLoss;

/// <summary>
/// The power goes at any moment, and of what was not synced any part is lost: nothing acknowledged is missing, and what was not acknowledged
/// is there whole or not at all. Beside it, that these tests would notice.
/// </summary>
public sealed class PowerLossTests
{
    [PowerLossFact]
    public Task No_acknowledged_operation_is_lost() =>
        Outages.SurviveAsync(300, random => new SpacesWorkload(random));

    [PowerLossFact]
    public Task No_created_space_is_lost_and_no_deleted_one_comes_back() =>
        Outages.SurviveAsync(200, random => new SpacesWorkload(random, creationPercent: 40));

    [PowerLossFact]
    public Task With_reduced_durability_the_log_loses_its_end_at_most_and_the_epoch_tells() =>
        Outages.SurviveAsync(300, random => new SpacesWorkload(random, Durability.Normal));

    [PowerLossFact]
    public Task No_acknowledged_change_of_accounts_is_lost() =>
        Outages.SurviveAsync(200, _ => new AccountsWorkload());
}
