select
    upper(cve_id) as cve_id,
    vendor_project,
    product,
    vulnerability_name,
    date_added,
    short_description,
    required_action,
    due_date,
    ransomware_use,
    notes,
    cwes
from {{ source('raw_kev', 'vulnerabilities') }}
