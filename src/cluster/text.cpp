// The words for the core's enumerators: one wording, everywhere.
#include "cluster/action.h"

namespace mainstay {

std::string_view to_text(NodePhase phase) {
  switch (phase) {
    case NodePhase::starting:
      return "starting";
    case NodePhase::member:
      return "member";
    case NodePhase::leaving:
      return "leaving";
    case NodePhase::stopped:
      return "stopped";
    case NodePhase::refused:
      return "refused";
    case NodePhase::isolated:
      return "isolated";
  }
  return "?";
}

std::string_view to_text(GroupPhase phase) {
  switch (phase) {
    case GroupPhase::stopped:
      return "stopped";
    case GroupPhase::claiming:
      return "claiming";
    case GroupPhase::starting:
      return "starting";
    case GroupPhase::running:
      return "running";
    case GroupPhase::stopping:
      return "stopping";
  }
  return "?";
}

std::string_view to_text(Evidence evidence) {
  switch (evidence) {
    case Evidence::reported:
      return "reported";
    case Evidence::fenced:
      return "fenced";
    case Evidence::lease:
      return "lease";
    case Evidence::minority:
      return "minority";
    case Evidence::presumed:
      return "presumed";
    case Evidence::operator_said:
      return "operator";
  }
  return "?";
}

std::string_view to_text(StartReason reason) {
  switch (reason) {
    case StartReason::start:
      return "start";
    case StartReason::failover:
      return "failover";
    case StartReason::move:
      return "move";
    case StartReason::restart:
      return "restart";
  }
  return "?";
}

std::string_view to_text(StopReason reason) {
  switch (reason) {
    case StopReason::cleanup:
      return "whatever an earlier run left behind";
    case StopReason::group_stop:
      return "the operator stopped the group";
    case StopReason::group_move:
      return "the group moves to another node";
    case StopReason::group_failover:
      return "the group fails over";
    case StopReason::resource_restart:
      return "a restart was asked for";
    case StopReason::node_stop:
      return "this node stops";
    case StopReason::node_must_end:
      return "this node must end now";
    case StopReason::permission_ended:
      return "we may no longer run anything";
    case StopReason::both_active:
      return "the group is active on another node too";
  }
  return "?";
}

std::string_view to_text(Halt halt) {
  switch (halt) {
    case Halt::stop_service:
      return "stop the cluster service";
    case Halt::shut_down:
      return "shut down";
    case Halt::reboot:
      return "reboot";
    case Halt::reset:
      return "reset";
  }
  return "?";
}

std::string_view to_text(Severity severity) {
  switch (severity) {
    case Severity::information:
      return "information";
    case Severity::warning:
      return "warning";
    case Severity::error:
      return "error";
  }
  return "?";
}

}  // namespace mainstay
