// The fields of [arbitration] and of the tables below it.
#include "config/sections.h"

namespace mainstay {

const std::vector<Field>& arbiter_fields() {
  static const std::vector<Field> fields = {
      choice<ArbiterConfig, ArbiterKind>(&ArbiterConfig::kind, "arbiter",
                                         {{"none", ArbiterKind::none},
                                          {"simulated", ArbiterKind::simulated},
                                          {"dynamodb", ArbiterKind::dynamodb},
                                          {"etcd", ArbiterKind::etcd}})
          .help("The store outside the nodes that leases are kept in. `simulated` exists in the "
                "simulator only."),
  };
  return fields;
}

const std::vector<Field>& dynamodb_fields() {
  static const std::vector<Field> fields = {
      field(&DynamoDbConfig::table, "table")
          .help("The table. Several clusters may share one.")
          .format(TextFormat::dynamodb_table),
      field(&DynamoDbConfig::region, "region")
          .help("The table's region. The node's own if left out."),
      field(&DynamoDbConfig::endpoint, "endpoint")
          .help("Where DynamoDB is reached, if not at the region's own endpoint.")
          .format(TextFormat::url),
      choice<DynamoDbConfig, AwsBackend>(&DynamoDbConfig::backend, "backend",
                                         {{"native", AwsBackend::native}, {"cli", AwsBackend::cli}})
          .help("How it is asked: by the daemon itself, or by the AWS CLI, a process for every "
                "question, which needs a lease of 20s or more."),
  };
  return fields;
}

const std::vector<Field>& etcd_fields() {
  static const std::vector<Field> fields = {
      field(&EtcdConfig::endpoints, "endpoints")
          .help("The client URLs of etcd's members. One that does not answer is left for the next.")
          .format(TextFormat::url),
      field(&EtcdConfig::ca_file, "ca_file")
          .help("The certificates (PEM) that the members' certificates are checked with. The "
                "system's own if left out.")
          .format(TextFormat::path),
      field(&EtcdConfig::cert_file, "cert_file")
          .help("This node's client certificate (PEM), where etcd asks for one.")
          .format(TextFormat::path),
      field(&EtcdConfig::key_file, "key_file")
          .help("Its private key (PEM).")
          .format(TextFormat::path),
      field(&EtcdConfig::user, "user").help("The user, where etcd's authentication is on."),
      field(&EtcdConfig::password_file, "password_file")
          .help("A file whose first line is the user's password. It is refused if others than its "
                "owner can read it.")
          .format(TextFormat::path),
      field(&EtcdConfig::prefix, "prefix")
          .help("What the names of Mainstay's keys begin with.")
          .format(TextFormat::path),
  };
  return fields;
}

const std::vector<Field>& arbitration_fields() {
  static const std::vector<Field> fields = {
      field(&ArbitrationConfig::majority, "majority")
          .help("Let more than half of the nodes go on without the others. Three nodes or more."),
      choice<ArbitrationConfig, IsolationAction>(&ArbitrationConfig::isolation_action,
                                                 "isolation_action",
                                                 {{"none", IsolationAction::none},
                                                  {"stop_groups", IsolationAction::stop_groups},
                                                  {"stop_service", IsolationAction::stop_service},
                                                  {"shut_down", IsolationAction::shut_down},
                                                  {"reboot", IsolationAction::reboot},
                                                  {"reset", IsolationAction::reset}})
          .help("What a node does that finds itself cut off."),
      field(&ArbitrationConfig::both_active_survivor, "both_active_survivor")
          .help("Which node keeps its groups when a group is found active on two. If left out, the "
                "activation with the lower term stops.")
          .format(TextFormat::name),
      field(&ArbitrationConfig::allow_presumed, "allow_presumed")
          .help("Move groups after a failure on `presumed` evidence, which two nodes can have at "
                "the same time. If false, only strong evidence or an operator moves them."),
  };
  return fields;
}

const std::vector<Field>& reachability_fields() {
  static const std::vector<Field> fields = {
      field(&ReachabilityConfig::name, "name")
          .help("Name of the check.")
          .required()
          .format(TextFormat::name),
      choice<ReachabilityConfig, ReachabilityKind>(&ReachabilityConfig::kind, "kind",
                                                   {{"ping", ReachabilityKind::ping},
                                                    {"tcp", ReachabilityKind::tcp},
                                                    {"http", ReachabilityKind::http},
                                                    {"script", ReachabilityKind::script}})
          .help("`ping` sends echo requests, `tcp` opens connections, `http` asks web servers "
                "(HEAD; any answer below 500 shows that the way is there), `script` runs a program "
                "of yours, whose exit code 0 means reachable."),
      field(&ReachabilityConfig::interval, "interval").help("How often.").range(50ms, 1h),
      field(&ReachabilityConfig::timeout, "timeout")
          .help("How long an answer may take.")
          .range(10ms, 1min),
      field(&ReachabilityConfig::proxy, "proxy")
          .help("`http`: the proxy to ask through.")
          .format(TextFormat::url),
      field(&ReachabilityConfig::ca_file, "ca_file")
          .help("`http`: the certificates (PEM) that the servers' certificates are checked with. "
                "The system's own if left out.")
          .format(TextFormat::path),
      field(&ReachabilityConfig::verify, "verify")
          .help("`http`: whether a server's certificate must be good. If false, whoever answers "
                "counts."),
      field(&ReachabilityConfig::script, "script")
          .help("`script`: the program. It is told MAINSTAY_NODE, and what it prints is kept in "
                "reachability-NAME.log in the log directory.")
          .format(TextFormat::path),
  };
  return fields;
}

const std::vector<Field>& forced_stop_fields() {
  static const std::vector<Field> fields = {
      choice<ForcedStopConfig, ForcedStopKind>(&ForcedStopConfig::kind, "kind",
                                               {{"none", ForcedStopKind::none},
                                                {"simulated", ForcedStopKind::simulated},
                                                {"ec2", ForcedStopKind::ec2},
                                                {"script", ForcedStopKind::script}})
          .help("How a silent node is stopped before its groups move: `ec2` stops its instance, "
                "`script` runs a program of yours. `simulated` exists in the simulator only."),
      choice<ForcedStopConfig, ForcedStopAction>(
          &ForcedStopConfig::action, "action",
          {{"stop", ForcedStopAction::stop}, {"reboot", ForcedStopAction::reboot}})
          .help("`ec2`: what becomes of the instance. `reboot` stops it, too, and starts it again "
                "once it is known to be stopped: AWS says of no reboot that it has happened."),
      field(&ForcedStopConfig::script, "script")
          .help("`script`: the program. CLP_SERVER_DOWN names the node to stop, CLP_SERVER_LOCAL "
                "this one; CLP_FORCESTOP_MODE is 1 to stop it and 0 to see whether that would be "
                "possible. It must exit with 0 only if the node is stopped (or could be). What it "
                "prints is kept in forced_stop.log in the log directory.")
          .format(TextFormat::path),
      field(&ForcedStopConfig::timeout, "timeout")
          .help("How long a forced stop may take until it counts as failed.")
          .range(1s, 1h),
      field(&ForcedStopConfig::delay, "delay")
          .help("Without an arbiter the first node in the order stops a silent one at once, and "
                "each of the others waits for this long more than the one before it, so that two "
                "nodes that lost each other do not stop each other. 0s: twice heartbeat_timeout.")
          .range(0s, 10min),
      field(&ForcedStopConfig::check_interval, "check_interval")
          .help("How often it is asked whether a stop of each node would be possible.")
          .range(1s, 24h),
      choice<ForcedStopConfig, ForcedStopFailure>(
          &ForcedStopConfig::on_failure, "on_failure",
          {{"wait", ForcedStopFailure::wait}, {"give_up", ForcedStopFailure::give_up}})
          .help("What to do with the groups of a node that could not be stopped: wait for other "
                "evidence and try again, or leave them to an operator. A majority or an arbiter is "
                "evidence by itself, whatever becomes of the stop."),
  };
  return fields;
}

}  // namespace mainstay
