"""Sends reports and funnels to services that show runs: Weights & Biases, SwanLab, MLflow.

A board is a run that has begun; each service keeps of a report what it can hold, and nothing is sent without request.

Files:
    board          what a board can do, and the account that begins one
    send_report    a report: tables, pictures, answers, files
    send_funnel    a funnel: counts and pictures, records on request
    tables         a report's numbers and answers as plain tables
    swanlab        boards at SwanLab
    mlflow         boards of MLflow
"""
