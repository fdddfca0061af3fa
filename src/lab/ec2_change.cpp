// The calls that change routes, interfaces and instances.
#include <fmt/format.h>

#include "lab/ec2_lookup.h"
#include "lab/xml.h"

namespace mainstay::lab::ec2 {
namespace {

Or<RouteTable*> table_of(const Ec2Input& input, Model& model) {
  const std::string id = input.query.value("RouteTableId");
  if (id.empty()) {
    return no("MissingParameter", "The request must contain the parameter routeTableId");
  }
  if (!id_well_formed("rtb", id)) {
    return no("InvalidRouteTableId.Malformed",
              fmt::format("Invalid id: \"{}\" (expecting \"rtb-...\")", id));
  }
  RouteTable* table = find_id(model.tables, id);
  if (table == nullptr) {
    return no("InvalidRouteTableID.NotFound",
              fmt::format("The routeTable ID '{}' does not exist", id));
  }
  return table;
}

Or<Destination> destination_of(const Ec2Input& input) {
  const std::string four = input.query.value("DestinationCidrBlock");
  const std::string six = input.query.value("DestinationIpv6CidrBlock");
  if (four.empty() == six.empty()) {
    return no(four.empty() ? "MissingParameter" : "InvalidParameterCombination",
              "The request must contain exactly one of destinationCidrBlock, "
              "destinationIpv6CidrBlock");
  }
  const auto invalid = [](const char* parameter, const std::string& value) {
    return no("InvalidParameterValue",
              fmt::format("Value ({}) for parameter {} is invalid. This is not a valid CIDR block.",
                          value, parameter));
  };
  if (!six.empty()) {
    const auto cidr = parse_cidr6(six);
    if (!cidr) return invalid("destinationIpv6CidrBlock", six);
    return Destination{{}, *cidr};
  }
  const auto cidr = parse_cidr(four);
  if (!cidr) return invalid("destinationCidrBlock", four);
  return Destination{*cidr};
}

bool lies_in_vpc(const Model& model, const Destination& destination) {
  if (destination.six) return model.vpc6 && model.vpc6->contains(*destination.six);
  return model.vpc.contains(destination.four);
}

Or<Route> route_to_target(const Ec2Input& input, Model& model, const Destination& destination) {
  const Query& query = input.query;
  const int given = int{query.has("GatewayId")} + int{query.has("NetworkInterfaceId")} +
                    int{query.has("InstanceId")};
  if (given != 1) {
    return no("InvalidParameterCombination",
              "The request must contain exactly one of gatewayId, networkInterfaceId, instanceId");
  }
  Route route{.destination = destination};
  if (query.has("GatewayId")) {
    route.gateway_id = query.value("GatewayId");
    if (route.gateway_id == model.igw_id && destination.six)
      return no("InvalidParameterValue", "The lab's internet gateway knows no IPv6.");
    if (route.gateway_id == model.igw_id) return route;
    return no("InvalidInternetGatewayID.NotFound",
              fmt::format("The internetGateway ID '{}' does not exist", route.gateway_id));
  }
  if (query.has("InstanceId")) {
    const auto instance = instance_with_id(model, query.value("InstanceId"));
    if (!instance) return std::unexpected(instance.error());
    route.eni_id = (*instance)->eni_id;
    return route;
  }
  const auto eni = eni_named(model, query.value("NetworkInterfaceId"));
  if (!eni) return std::unexpected(eni.error());
  route.eni_id = (*eni)->id;
  return route;
}

struct RouteCall {
  Model next;
  RouteTable* table = nullptr;  // in next
  Destination destination{};
  Route* existing = nullptr;
};

Or<std::unique_ptr<RouteCall>> route_call(const Ec2Input& input) {
  auto call = std::make_unique<RouteCall>();
  call->next = input.model;
  const auto table = table_of(input, call->next);
  if (!table) return std::unexpected(table.error());
  const auto destination = destination_of(input);
  if (!destination) return std::unexpected(destination.error());
  call->table = *table;
  call->destination = *destination;
  const auto found = std::ranges::find(call->table->routes, *destination, &Route::destination);
  if (found != call->table->routes.end()) call->existing = &*found;
  return call;
}

struct Chosen {
  std::vector<Instance*> instances;
};

Or<Chosen> instances_of(const Ec2Input& input, Model& model) {
  Chosen chosen;
  for (const std::string& id : input.query.list("InstanceId")) {
    const auto instance = instance_with_id(model, id);
    if (!instance) return std::unexpected(instance.error());
    chosen.instances.push_back(*instance);
  }
  if (chosen.instances.empty()) {
    return no("MissingParameter", "The request must contain the parameter InstanceId");
  }
  return chosen;
}

void write_state(Xml& xml, std::string_view name, InstanceState state) {
  xml.node(name,
           [&] { xml.leaf("code", std::to_string(code_of(state))).leaf("name", to_text(state)); });
}

struct Transition {
  std::vector<InstanceState> from;  // in which an order makes sense
  InstanceState idle;               // already there: nothing to do
  InstanceState to;
  InstanceOrder::What order;
};

Ec2Outcome change_states(const Ec2Input& input, const Transition& transition) {
  Ec2Outcome outcome;
  outcome.next = input.model;
  const auto chosen = instances_of(input, *outcome.next);
  if (!chosen) return {std::unexpected(chosen.error())};
  for (const Instance* instance : chosen->instances) {
    if (instance->state != transition.idle && instance->state != transition.to &&
        std::ranges::find(transition.from, instance->state) == transition.from.end()) {
      return refuse(
          400, "IncorrectInstanceState",
          fmt::format("The instance '{}' is not in a state from which it can be {}.", instance->id,
                      transition.to == InstanceState::pending ? "started" : "stopped"));
    }
  }
  Xml xml;
  xml.items("instancesSet", chosen->instances, [&](Instance* instance) {
    const InstanceState before = instance->state;
    if (std::ranges::find(transition.from, before) != transition.from.end()) {
      instance->state = transition.to;
      if (transition.to == InstanceState::pending) instance->launched_ms = input.now_ms;
      outcome.orders.push_back({transition.order, instance->name});
    }
    xml.leaf("instanceId", instance->id);
    write_state(xml, "currentState", instance->state);
    write_state(xml, "previousState", before);
  });
  outcome.content = xml.text();
  return outcome;
}

}  // namespace

Ec2Outcome replace_route(const Ec2Input& input) {
  const auto call = route_call(input);
  if (!call) return {std::unexpected(call.error())};
  const auto route = route_to_target(input, (*call)->next, (*call)->destination);
  if (!route) return {std::unexpected(route.error())};
  if ((*call)->existing == nullptr) {
    return refuse(400, "InvalidParameterValue",
                  fmt::format("There is no route defined for '{}' in the route table. "
                              "Use CreateRoute instead.",
                              to_text((*call)->destination)));
  }
  if ((*call)->existing->gateway_id == "local") {
    return refuse(400, "InvalidParameterValue", "The local route cannot be replaced.");
  }
  *(*call)->existing = *route;
  return done(std::move((*call)->next));
}

Ec2Outcome create_route(const Ec2Input& input) {
  const auto call = route_call(input);
  if (!call) return {std::unexpected(call.error())};
  const auto route = route_to_target(input, (*call)->next, (*call)->destination);
  if (!route) return {std::unexpected(route.error())};
  if ((*call)->existing != nullptr) {
    return refuse(
        400, "RouteAlreadyExists",
        fmt::format("The route identified by {} already exists.", to_text(route->destination)));
  }
  if (lies_in_vpc(input.model, route->destination)) {
    return refuse(
        400, "InvalidParameterValue",
        fmt::format("The destination CIDR block {} is equal to or more specific than one of "
                    "this VPC's CIDR blocks.",
                    to_text(route->destination)));
  }
  (*call)->table->routes.push_back(*route);
  return done(std::move((*call)->next));
}

Ec2Outcome delete_route(const Ec2Input& input) {
  const auto call = route_call(input);
  if (!call) return {std::unexpected(call.error())};
  const Route* existing = (*call)->existing;
  if (existing == nullptr) {
    return refuse(400, "InvalidRoute.NotFound",
                  fmt::format("no route with destination-cidr-block {} in route table {}",
                              to_text((*call)->destination), (*call)->table->id));
  }
  if (existing->gateway_id == "local") {
    return refuse(400, "InvalidParameterValue", "cannot remove local route in route table");
  }
  std::erase(((*call)->table)->routes, Route(*existing));
  return done(std::move((*call)->next));
}

Ec2Outcome modify_network_interface_attribute(const Ec2Input& input) {
  Model next = input.model;
  const auto eni = eni_named(next, input.query.value("NetworkInterfaceId"));
  if (!eni) return {std::unexpected(eni.error())};
  if (!input.query.has("SourceDestCheck.Value")) {
    return refuse(400, "InvalidParameterCombination",
                  "The lab knows only the attribute sourceDestCheck of a network interface.");
  }
  const std::string value = input.query.value("SourceDestCheck.Value");
  if (value != "true" && value != "false") {
    return refuse(400, "InvalidParameterValue",
                  fmt::format("Value ({}) for parameter sourceDestCheck is invalid.", value));
  }
  (*eni)->source_dest_check = value == "true";
  return done(std::move(next));
}

Ec2Outcome modify_instance_attribute(const Ec2Input& input) {
  Model next = input.model;
  const auto found = instance_with_id(next, input.query.value("InstanceId"));
  if (!found) return {std::unexpected(found.error())};
  const std::string value = input.query.value("DisableApiStop.Value");
  if (value != "true" && value != "false") {
    return refuse(400, "InvalidParameterCombination",
                  "The lab knows only the attribute disableApiStop of an instance.");
  }
  (*found)->stop_protected = value == "true";
  return done(std::move(next));
}

Ec2Outcome stop_instances(const Ec2Input& input) {
  using State = InstanceState;
  for (const std::string& id : input.query.list("InstanceId")) {
    Model model = input.model;
    const auto found = instance_with_id(model, id);
    if (!found || !(*found)->stop_protected) continue;
    return refuse(400, "OperationNotPermitted",
                  fmt::format("The instance '{}' may not be stopped. Modify its 'disableApiStop' "
                              "instance attribute and try again.",
                              id));
  }
  const bool force = input.query.flag("Force") || input.query.flag("SkipOsShutdown");
  // Force also works on an instance whose ordinary stop does not come to an end.
  std::vector<State> from = {State::running, State::pending};
  if (force) from.push_back(State::stopping);
  return change_states(input,
                       {from, State::stopped, State::stopping,
                        force ? InstanceOrder::What::force_stop : InstanceOrder::What::stop});
}

Ec2Outcome start_instances(const Ec2Input& input) {
  return change_states(input, {{InstanceState::stopped},
                               InstanceState::running,
                               InstanceState::pending,
                               InstanceOrder::What::start});
}

Ec2Outcome reboot_instances(const Ec2Input& input) {
  Model model = input.model;
  const auto chosen = instances_of(input, model);
  if (!chosen) return {std::unexpected(chosen.error())};
  Xml xml;
  xml.leaf("return", "true");
  Ec2Outcome outcome{xml.text()};
  for (const Instance* instance : chosen->instances) {
    if (instance->state != InstanceState::running) {
      return refuse(400, "IncorrectInstanceState",
                    fmt::format("The instance '{}' is not in the 'running' state.", instance->id));
    }
    outcome.orders.push_back({InstanceOrder::What::reboot, instance->name});
  }
  return outcome;
}

}  // namespace mainstay::lab::ec2
