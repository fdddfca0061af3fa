# Fails if the linter in FOLDER finds anything wrong in a CloudFormation template of TEMPLATES.
cmake_minimum_required(VERSION 3.25)

# Properties that are younger than the linter's specification.
set(younger
  "Arbiter > Properties > DeletionProtectionEnabled"
  "NodeTemplate > Properties > LaunchTemplateData > MetadataOptions")

find_program(NODE node)
if(NOT NODE)
  message(FATAL_ERROR "node is missing: install the package nodejs (docs/DEPENDENCIES.md)")
endif()
string(ASCII 27 escape)
file(GLOB templates ${TEMPLATES}/*.cloudformation.json)
list(LENGTH templates count)
if(count LESS 3)
  message(FATAL_ERROR "there are ${count} CloudFormation templates in ${TEMPLATES}, not three")
endif()
foreach(template ${templates})
  execute_process(COMMAND ${NODE} ${FOLDER}/node_modules/cfn-lint/lib/index.js validate ${template}
    OUTPUT_VARIABLE said ERROR_VARIABLE complained)
  string(REGEX REPLACE "${escape}\\[[0-9;]*m" "" said "${said}")
  if(NOT said MATCHES "[0-9]+ crit")
    message(FATAL_ERROR "${template}: the linter says nothing of it: ${said}${complained}")
  endif()
  string(REGEX MATCHALL "Resource: Resources > [^\n]+" places "${said}")
  string(REGEX MATCH "([0-9]+) crit" unused "${said}")
  list(LENGTH places found)
  if(NOT found EQUAL CMAKE_MATCH_1)
    message(FATAL_ERROR "${template}: ${said}")
  endif()
  foreach(place ${places})
    string(REPLACE "Resource: Resources > " "" place "${place}")
    if(NOT place IN_LIST younger)
      message(FATAL_ERROR "${template}: ${said}")
    endif()
  endforeach()
endforeach()
