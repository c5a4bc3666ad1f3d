// Purpose: Tells how long the server has used a processor.
// Parameters: none
// Returns: worked: nanoseconds
CALL dbms.queryJmx('java.lang:type=OperatingSystem') YIELD attributes
RETURN attributes.ProcessCpuTime.value AS worked
