// The parser's parts: one function per kind of table. parse.h is the door.
#pragma once

#include <string>
#include <vector>

#include "config/model.h"
#include "config/reader.h"
#include "config/schema.h"

namespace mainstay {

struct Parser {
  const Catalog& catalog;
  Reader reader;
  ClusterConfig config;
};

// A path that names an object also when its name is missing: "resource awsvip1", "resource number
// 3".
std::string object_path(const char* noun, const std::string& name, std::size_t index);

// parse_objects.cpp: [[resource]] and [[monitor]], after nodes and groups.
void read_resources(Parser& parser, const DocumentTable& root);
void read_monitors(Parser& parser, const DocumentTable& root);
// For each resource whose type brings a monitor and that has none of its own in the document.
void add_checks(Parser& parser);
// parse_companions.cpp: the other monitors that a resource brings along.
void add_companions(Parser& parser);

// parse_arbitration.cpp: [arbitration] and the tables below it, after the nodes.
void read_arbitration(Parser& parser, const DocumentTable& root);

// parse_per_node.cpp
// The fields of the type, for each of `nodes`: the table's own values, overruled by those of
// [....node.NAME], over the defaults. Tells what is required and missing. `common` are the keys of
// the table that are no fields of the type.
std::map<NodeName, Params> read_per_node(Parser& parser, const DocumentTable& table,
                                         const TypeSchema& type, const std::vector<NodeName>& nodes,
                                         const std::vector<std::string>& common,
                                         const std::string& path);
// Calls `each` with the table of every node in table.node; unknown nodes are errors.
void for_each_node_table(
    Parser& parser, const DocumentTable& table, const std::string& path,
    const std::function<void(const NodeName& node, const DocumentTable& table)>& each);
std::vector<NodeName> all_nodes(const ClusterConfig& config);

}  // namespace mainstay
