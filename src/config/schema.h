// What a type of resource or monitor says of itself: everything the parser, the help and the
// reference pages need to know. The parser is handed a catalog of them and knows no type by name.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "config/field.h"
#include "config/model.h"

namespace mainstay {

// A problem that a type is known to report: the troubleshooting pages are made of these.
struct KnownProblem {
  int number = 0;
  std::string message;
  std::string cause;
  std::string remedy;
};

// How often AWS is asked to do something: for one activation, for one look of the monitor, and for
// one look of the doctor.
struct ApiUse {
  std::string action;  // "ec2:DescribeRouteTables"
  int per_activation = 0;
  int per_check = 0;
  int per_examination = 0;
};

// What contradicts what, inside one object: named by the field to look at.
struct Contradiction {
  std::string key;
  std::string fact;
  std::string remedy;
};

// The monitor that a resource brings along: its own check, on a schedule.
struct CheckSchema {
  std::string type;  // "awsvipw"
  std::string title;
  std::string summary;
  Duration interval = 60s;
  Duration timeout = 60s;
  int retries = 1;
  std::vector<KnownProblem> problems;
  // Whether a resource that is configured so has anything to watch; always, if empty.
  std::function<bool(const Params&)> applies;
};

// A monitor of a type of its own that comes with each resource, on every node that may run it.
struct CompanionSchema {
  std::string type;  // "mdnw"
  std::string key;   // its field that names the resource
  Duration interval = 30s;
};

struct TypeSchema {
  std::string type;  // as written in the document: "awsvip"
  std::string title;
  std::string summary;
  std::vector<Field> fields;
  std::vector<std::string> iam_actions;
  // What `mainstay doctor` needs besides, to mend what it finds.
  std::vector<std::string> mending_actions;
  // Of resources: of the type itself and of its check.
  std::vector<ApiUse> api_uses;
  std::vector<KnownProblem> problems;
  std::optional<CheckSchema> check;  // resources only
  std::vector<CompanionSchema> companions;
  // As many nodes have what the resource is made of, and so may run its group; 0: any number.
  std::size_t nodes_exactly = 0;
  // Laws between the fields, for the values of one node.
  std::function<std::vector<Contradiction>(const Params&)> laws;
  std::string example;  // of a document, for the reference page
  std::string notes;    // what else a user must know: Markdown, after the fields
};

const Field* find_field(const std::vector<Field>& fields, std::string_view key);

struct Catalog {
  std::vector<TypeSchema> resources;
  std::vector<TypeSchema> monitors;
};

const TypeSchema* find_type(const std::vector<TypeSchema>& types, std::string_view type);
// The resource type whose check is the monitor type `check_type`; nullptr if there is none.
const TypeSchema* find_checked(const Catalog& catalog, std::string_view check_type);

// The defaults of all fields that have one to give.
Params defaults_of(const std::vector<Field>& fields);
// "awsvip1" of type "awsvip" gives "awsvipw1"; any other name gets a "w" at its end.
MonitorName check_name(const ResourceName& resource, std::string_view type);
// "md1" of type "md" gives "mdnw1" for "mdnw"; any other name gets what follows the type.
MonitorName companion_name(const ResourceName& resource, std::string_view type,
                           std::string_view companion);

}  // namespace mainstay
