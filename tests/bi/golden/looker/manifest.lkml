project_name: "acme"

# The connection that an administrator made in Looker (Admin, Connections), and the schema that it reads.
constant: connection {
  value: "acme"
  export: override_optional
}

constant: schema {
  value: "marts"
  export: override_optional
}
