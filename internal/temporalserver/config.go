package temporalserver

import (
	"path/filepath"
	"time"

	"go.temporal.io/server/common/authorization"
	"go.temporal.io/server/common/cluster"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/dynamicconfig"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/membership/static"
	"go.temporal.io/server/common/primitives"
	"go.temporal.io/server/temporal"
)

const (
	clusterName     = "active"
	stateStore      = "state"
	visibilityStore = "visibility"
)

var services = []primitives.ServiceName{
	primitives.FrontendService, primitives.HistoryService, primitives.MatchingService, primitives.WorkerService,
}

// Storage is where a server stores its state.
type Storage struct {
	State, Visibility *config.SQL
	HistoryShards     int32
}

// NewServer returns a server in one process, whose frontend listens on address and whose other services use free loopback ports.
// The caller releases the ports when the server has started. With nexus, the frontend also has an HTTP API, by which Temporal
// sends requests to itself.
func NewServer(
	address string, ports *Ports, storage Storage, nexus bool, settings dynamicconfig.StaticClient, logger log.Logger,
) (temporal.Server, error) {
	host, _, err := splitAddress(address)
	if err != nil {
		return nil, err
	}

	configuration := &config.Config{
		Global: config.Global{
			Membership: config.Membership{MaxJoinDuration: 30 * time.Second, BroadcastAddress: host},
		},
		Persistence: config.Persistence{
			DefaultStore:     stateStore,
			VisibilityStore:  visibilityStore,
			NumHistoryShards: storage.HistoryShards,
			DataStores: map[string]config.DataStore{
				stateStore: {SQL: storage.State}, visibilityStore: {SQL: storage.Visibility},
			},
		},
		ClusterMetadata: &cluster.Config{
			FailoverVersionIncrement: 10,
			MasterClusterName:        clusterName,
			CurrentClusterName:       clusterName,
			ClusterInformation: map[string]cluster.ClusterInformation{
				clusterName: {Enabled: true, InitialFailoverVersion: 1, RPCAddress: address},
			},
		},
		DCRedirectionPolicy: config.DCRedirectionPolicy{Policy: "noop"},
		Services:            map[string]config.Service{},
		PublicClient:        config.PublicClient{HostPort: address},
	}
	hosts := map[primitives.ServiceName]static.Hosts{}

	for _, name := range services {
		at := address

		if name != primitives.FrontendService {
			if at, err = ports.Reserve("127.0.0.1:0"); err != nil {
				return nil, err
			}
		}

		var rpc config.RPC
		if rpc.BindOnIP, rpc.GRPCPort, err = splitAddress(at); err != nil {
			return nil, err
		}

		if name == primitives.FrontendService && nexus {
			free, err := ports.Reserve("127.0.0.1:0")
			if err != nil {
				return nil, err
			}

			if _, rpc.HTTPPort, err = splitAddress(free); err != nil {
				return nil, err
			}
		}

		configuration.Services[string(name)] = config.Service{RPC: rpc}
		hosts[name] = static.SingleLocalHost(at)
	}

	return temporal.NewServer(
		temporal.WithConfig(configuration),
		temporal.ForServices(temporal.DefaultServices),
		temporal.WithStaticHosts(hosts),
		temporal.WithDynamicConfigClient(settings),
		temporal.WithLogger(logger),
		temporal.WithAuthorizer(authorization.NewNoopAuthorizer()),
		temporal.WithClaimMapper(func(*config.Config) authorization.ClaimMapper { return authorization.NewNoopClaimMapper() }),
	)
}

// NewLogger returns a logger that writes warnings and errors to a file in a folder.
func NewLogger(dir string) log.Logger {
	return log.NewZapLogger(log.BuildZapLogger(log.Config{Level: "warn", OutputFile: filepath.Join(dir, "temporal.log")}))
}

// pollRPS replaces the limit of 20 polls per second of each queue of a shard, which delays every task of a single job by up to
// 50 ms. The server has one shard, so this would be the limit of the whole server.
const pollRPS = 10_000

// visibilityPollRPS delays the lists of workflows by up to 200 ms. Temporal writes no record for the start of a workflow that has
// ended by then: a small job costs 0.8 to 0.95 of the CPU time that it costs with pollRPS.
const visibilityPollRPS = 5

// ackInterval replaces the 30 seconds after which queues record what they have done. Temporal deletes an ended workflow only
// after two queues have recorded its end.
const ackInterval = 5 * time.Second

// propagationInterval bounds how long a task queue does not know the state of a version, where DrainInterval is set.
const propagationInterval = 10 * time.Second

// Limits of the server's caches: entries of workflows, and bytes of events.
const (
	cachedWorkflows = 500
	cachedEvents    = 1 << 20
)

// dynamicConfig returns the settings that reduce the latency and the memory of a server in one process.
func dynamicConfig(options Options) dynamicconfig.StaticClient {
	settings := dynamicconfig.StaticClient{
		dynamicconfig.TransferProcessorMaxPollRPS.Key():   pollRPS,
		dynamicconfig.TimerProcessorMaxPollRPS.Key():      pollRPS,
		dynamicconfig.VisibilityProcessorMaxPollRPS.Key(): visibilityPollRPS,

		dynamicconfig.TransferProcessorUpdateAckInterval.Key():   ackInterval,
		dynamicconfig.VisibilityProcessorUpdateAckInterval.Key(): ackInterval,

		// Timers fire up to this much late. The default of one second would delay every short wait.
		dynamicconfig.TimerProcessorMaxTimeShift.Key(): 10 * time.Millisecond,

		// With several partitions, a task sometimes waits for two seconds in a partition without a poller.
		dynamicconfig.MatchingNumTaskqueueReadPartitions.Key():  1,
		dynamicconfig.MatchingNumTaskqueueWritePartitions.Key(): 1,

		// The jobs of an app do not wait for all jobs of another app that have started before. It applies within a partition.
		dynamicconfig.MatchingEnableFairness.Key(): true,

		// By default, the state of each workflow stays in memory for an hour after its end. Workflows that run on leave the cache
		// and return to it as they make progress.
		dynamicconfig.HistoryCacheHostLevelMaxSize.Key(): cachedWorkflows,

		// This cache serves the replication to other clusters.
		dynamicconfig.XDCCacheMaxSizeBytes.Key(): cachedEvents,

		// The UI lists workflows more often than the default allows.
		dynamicconfig.FrontendMaxNamespaceVisibilityRPSPerInstance.Key(): 100,
	}

	if options.SuggestContinueAsNew > 0 {
		settings[dynamicconfig.HistoryCountSuggestContinueAsNew.Key()] = options.SuggestContinueAsNew
	}

	if options.DrainInterval > 0 {
		settings[dynamicconfig.VersionDrainageStatusVisibilityGracePeriod.Key()] = options.DrainInterval
		settings[dynamicconfig.VersionDrainageStatusRefreshInterval.Key()] = options.DrainInterval

		// A version drains after all task queues have its new state. A queue that misses the news asks again after five minutes
		// by default.
		settings[dynamicconfig.MatchingGetUserDataLongPollTimeout.Key()] = propagationInterval
	}

	return settings
}
